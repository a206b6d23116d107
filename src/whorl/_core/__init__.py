"""Internal helpers: argument validation, descriptions, randomness, files, memory, text, types."""
