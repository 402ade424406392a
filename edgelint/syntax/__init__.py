"""Text to trees, without opinions."""
