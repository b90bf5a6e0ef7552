"""Sizes of ReplicaSets during a canary: without traffic routing, with it, and of superseded versions."""
