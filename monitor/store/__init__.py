"""What must survive: posts, cursors, incidents and the outbox, in one SQLite file."""
