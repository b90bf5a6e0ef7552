"""Shapes of objects and what follows from them: pruning, defaulting, validation."""
