"""Reproducible measurements of edgelint: ``python -m benchmarks``."""
