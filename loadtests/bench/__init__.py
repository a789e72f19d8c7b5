"""Benchmarks: every side interleaved in one run; medians and ratios, with versions and load."""
