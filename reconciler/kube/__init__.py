"""Door 2: the Kubernetes API. The only place that knows the `kubernetes` package."""
