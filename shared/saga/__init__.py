"""The saga: who resolves, who acts, who looks.

`origin` keeps what a request is about, `participant` erases a slice and signs its receipt,
`verifier` looks with other code and another key. Nobody here counts: that is the erasure service.
"""
