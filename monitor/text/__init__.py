"""Text as matching needs it: plain, capped, folded."""
