"""What the real server adds to and demands of built-in kinds beyond their schema."""
