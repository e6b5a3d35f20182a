"""Physical erasure: no byte of a deleted row stays in data files or in the write-ahead log.

`delete` and `vacuum` leave the bytes of a row where they were until something else is written
there. Rewriting a table with its indexes leaves none in its files, and write-ahead segments that
are removed instead of reused leave none there.
"""
