"""An honest stand-in for a cluster: `sandbox.server.Sandbox` serves the Kubernetes API from memory.

One request through the rooms: `wire/` reads path, query and body and picks the verb; `api/` carries the verb out on the
`store`, where `schema/` reads, prunes and defaults, `rules/` fills in and refuses, `ssa/` tells who owns which field;
the store's change wakes `controllers/` and watches. The same tests run here and on the real server (tests/sandbox).

Known limits, each answered with 501 or 415 or named in a Warning where a client could be misled: logs, exec, eviction,
access reviews, protobuf bodies, OpenAPI v2, watching a single path, applying a Scale, CEL rules of custom kinds,
admission webhooks and conversion between versions of a custom kind other than the version's name. There is no
authentication, hence the loopback interface only. Pods are simulated: see `controllers/pods.py`.

Nothing is imported here: whoever needs only the schemas does not pay for a web server.
"""
