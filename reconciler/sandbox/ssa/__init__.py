"""Server-side apply as pure functions: who owns which field, what a merge gives, what an applier gives up.

A set of fields is a frozenset of paths, a path a tuple of elements as they are written in `fieldsV1`
(`f:name`, `k:{"name":"x"}`, `v:"x"`), so that set algebra is Python's own. Everything walks a value beside its
schema node. Source: Kubernetes documentation "Server-Side Apply"; behaviour compared with the real server in
tests/sandbox/test_server_side_apply.py.
"""
