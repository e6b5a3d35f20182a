"""Gatherings, seats, surveys and reading material: not built yet, so it answers nowhere and stands in no register."""
