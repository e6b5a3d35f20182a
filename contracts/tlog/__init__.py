"""A transparency log as files: C2SP tlog-tiles, signed-note, tlog-checkpoint, tlog-proof.

Pure functions: no clock, no disk, no database. `tiles` is the tree, `entries` what its leaves are,
`notes` signed text, `checkpoint` the signed head and the proof that something is below it.
"""
