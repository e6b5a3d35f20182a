"""Inquiries and their answers: not built yet, so it answers nowhere and stands in no register."""
