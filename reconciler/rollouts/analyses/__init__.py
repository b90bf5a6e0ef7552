"""The AnalysisRuns of an update: which it has, where the status keeps them, and what they say (spec rollouts §7.4)."""
