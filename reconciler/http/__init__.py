"""Door 3: HTTP to everything that is not the Kubernetes API: forges and metric providers."""
