"""Measurements: each number beside its limit from the same run."""
