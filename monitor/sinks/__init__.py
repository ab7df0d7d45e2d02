"""Where alerts go: one file a kind, listed in SINKS."""
