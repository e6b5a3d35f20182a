"""An invented person who uses the public pages as a browser does, and reads mail."""
