"""A package, so that its one house closes with its last file and not with the last test."""
