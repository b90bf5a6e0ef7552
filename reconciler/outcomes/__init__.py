"""What happened to a commit: projection of deliveries, wording, the outbox of statuses, and their metrics."""
