"""An honest stand-in for a cluster: `Sandbox` serves the Kubernetes API from memory."""

from reconciler.sandbox.server import Sandbox

__all__ = ["Sandbox"]
