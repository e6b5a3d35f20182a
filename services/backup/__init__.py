"""Backups of the databases, how they come back, and the drill that proves that nobody does."""
