"""An honest stand-in for a cluster: `sandbox.server.Sandbox` serves the Kubernetes API from memory.

Nothing is imported here: whoever needs only the schemas does not pay for a web server.
"""
