"""Words and names: from a term as written to every form it is found in."""
