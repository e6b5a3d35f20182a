"""Accounts, sign-in and protected documents: not built yet, so nothing answers."""
