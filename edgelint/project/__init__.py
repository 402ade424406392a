"""Trees to facts."""
