"""Gatherings, seats, surveys and reading material: not built yet, so nothing answers."""
