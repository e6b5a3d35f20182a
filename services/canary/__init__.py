"""An invented person who signs up, is erased, and is looked for: in a running system, every day."""
