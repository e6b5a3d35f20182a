"""Measurements: each number stands beside its limit, from the same round and data."""
