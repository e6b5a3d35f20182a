"""Every statement of registration, by what it is about."""
