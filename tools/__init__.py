"""What maintainers run: lint, the check of the public types, and releases. Not installed with whorl."""
