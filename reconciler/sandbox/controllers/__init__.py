"""The controllers without which a cluster stands still. Each is told of changes, reconciles one key, may ask to be
called again after some seconds; none polls. All run on the server's one thread, between requests."""
