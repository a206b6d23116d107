"""Measurements: what the presets reach, and how fast."""
