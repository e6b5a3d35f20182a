"""Gatherings, seats, surveys and reading material: each seat has its end from the first moment."""
