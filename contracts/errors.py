"""What can be wrong with bytes from elsewhere. No error carries any of them."""


class BadInput(ValueError):  # noqa: N818 - named for what came in, not for the class it is
    """Bytes from elsewhere are not what this contract says."""

    def __init__(self) -> None:
        """Refuse every argument: the text of a bad input must not reach a log."""
        super().__init__(type(self).__doc__ or "")


class BadMessage(BadInput):
    """This line is not one message of this contract."""


class BadRecord(BadInput):
    """These bytes are not a record: lines between brackets, within the limits."""


class BadProof(BadInput):
    """The proof does not hold: path, signature or the signer's permission."""


class RevokedKey(BadProof):
    """The signer's key was revoked before this place."""


class BadTrust(BadInput):
    """The list of trusted keys is not what the root key signed."""


class BadCertificate(BadInput):
    """The certificate or its bundle is not what this contract says."""


class BadLog(BadInput):
    """These bytes are not of the log: a tile, a checkpoint, a proof or its signature is wrong."""
