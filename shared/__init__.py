"""What no service writes twice. Knows no service by name."""
