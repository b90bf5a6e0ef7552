"""From a push on the main branch to a judged, delivered release and a commit status that says how it went."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("reconciler")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
