"""A package, so that its one installation ends with its last file and not with the last test."""
