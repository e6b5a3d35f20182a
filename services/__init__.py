"""One slice of personal data each; no service imports another."""
