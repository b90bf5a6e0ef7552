"""Starts the real components that the product is tested against: what people and CI both use.

`binaries` finds or builds the programs, `processes` starts and surely ends them, `network` gives a run a network of its
own. Each component is one file with a context manager: `controlplane`, `pods`, `traefik`, `prometheus`, `gitea`.
`python -m tests.testbed --help` is the door for people.
"""
