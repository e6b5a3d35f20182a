"""Inquiries and their answers: not built yet, so nothing answers."""
