"""What the user writes for the daemon: repositories, Applications and settings, decoded with file, line and column."""
