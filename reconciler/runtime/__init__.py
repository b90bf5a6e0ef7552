"""How work runs: clock, queue, loop, timers. Knows nothing of the domain."""
