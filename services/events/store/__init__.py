"""Every statement of the events slice, by what it is about."""
