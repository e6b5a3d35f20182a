"""The privacy centre: pages for people who use their rights."""
