"""A witness (c2sp.org/tlog-witness): signs a log's head if it goes on from the one it saw before.

It needs no other part of the system, and is worth something only where somebody else runs it.
"""
