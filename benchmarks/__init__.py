"""Measurements: what the presets reach, and how fast and how light it all is, beside others."""
