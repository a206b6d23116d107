"""Benchmarks: the accuracy of the recipes, and whorl's speed and size compared with other libraries."""
