"""From hits to incidents: pure decisions over time."""
