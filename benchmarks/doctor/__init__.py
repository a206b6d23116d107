"""Benchmarks of the doctor."""
