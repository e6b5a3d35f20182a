"""Accounts, sign-in and protected documents: not built yet, so it answers nowhere and stands in no register."""
