"""A Rollout or an Experiment as people and clients see it: terminal, page and API tell the same. Pure."""
