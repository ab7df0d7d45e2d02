"""Which rules hold for a post, and why."""
