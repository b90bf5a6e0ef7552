"""YAML as Kubernetes reads it, with places for error messages. Shared by config and render; knows neither."""
