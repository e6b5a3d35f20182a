"""What mails do with an address besides sending to it: count by mailbox, show it half."""


def mailbox(address: str) -> str:
    """Give the mailbox that an address probably ends in: for rate limits only, never identity.

    Case and everything after `+` are dropped from the local part.
    """
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0].lower()}@{domain}"


def masked(address: str) -> str:
    """Show enough of an address for its owner to know it: `a…@example.org`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
