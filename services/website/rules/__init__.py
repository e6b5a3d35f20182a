"""What the website decides, without I/O: clocks, limits and lists come in as arguments."""
