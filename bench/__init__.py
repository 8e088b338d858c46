"""Benchmarks: each prints a ratio to something outside, measured in the same run."""
