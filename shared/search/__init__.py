"""Look for planted markers wherever a person could be left: tables, statistics, topics, files."""
