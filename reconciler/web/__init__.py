"""What people and forges reach over HTTP: the page, its JSON, live events, webhooks, metrics and probes."""
