"""The verbs of the API on the store: what each request reads, checks, changes and answers."""
