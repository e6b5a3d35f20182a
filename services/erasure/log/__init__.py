"""The transparency log: one writer, tiles in the database, files for everybody.

`store` has the statements, `writer` appends and signs, `proofs` shows that a certificate is there.
"""
