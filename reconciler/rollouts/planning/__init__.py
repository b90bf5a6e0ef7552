"""Rehearsals of an update before anything is deployed: `plan` and `simulate`, by the production `decide`."""
