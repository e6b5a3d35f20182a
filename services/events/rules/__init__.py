"""What the events slice decides, without I/O: clock and limits are arguments."""
