"""Benchmarks: each beside its floor or its rivals, measured in the same run on the same lab hosts."""
