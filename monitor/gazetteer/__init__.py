"""Places: names, coordinates, and which place a mention means."""
