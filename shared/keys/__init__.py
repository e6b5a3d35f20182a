"""Keys: made once, kept in files only their owner reads, trusted by `trust.json`.

`apply` makes what is missing, `signer_for` loads a private key, `load_ring` what to believe,
`shared.keys.first` puts keys and register on the topic before anything else.
"""

from shared.keys.files import (
    KeysWrong,
    apply_keys,
    key_name,
    load_ring,
    load_trust,
    root_signer,
    signer_for,
)

__all__ = [
    "KeysWrong",
    "apply_keys",
    "key_name",
    "load_ring",
    "load_trust",
    "root_signer",
    "signer_for",
]
