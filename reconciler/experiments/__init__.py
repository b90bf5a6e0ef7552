"""Experiments: versions that run side by side for a while, judged by analyses (spec rollouts §9)."""
