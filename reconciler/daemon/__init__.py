"""The composition root: the only room that knows every other. It wires stores, queues, workers and the server.

`Daemon(settings, clock).start()` is `reconciler run`; the demo and the tests start the same one.
"""

from reconciler.daemon.daemon import Daemon

__all__ = ["Daemon"]
