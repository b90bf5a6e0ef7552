"""The engines on a real control plane."""
