"""The Experiment of a canary's step: as users write it, what is made of it, and its life (spec rollouts §9)."""
