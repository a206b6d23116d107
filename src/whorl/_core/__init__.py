"""Helpers that a reader does not need first: argument validation, randomness, files, text, types."""
