"""Benchmarks: programs that print measured ratios; none of them asserts a time."""
