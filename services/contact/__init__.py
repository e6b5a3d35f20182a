"""Inquiries and their answers: a case lives until its matter is clarified."""
