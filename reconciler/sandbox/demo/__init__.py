"""The parts of the embedded demo: simulated traffic, a Prometheus API over it, a stand-in for a forge, the story."""
