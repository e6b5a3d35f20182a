"""E-mail addresses as people type them: one exact spelling each, or a refusal."""

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
# What almost everybody types, and what the library gives back as it is; its own way takes thirty
# times as long. No label of a domain that has two hyphens, and no domain that RFC 6761 reserves.
_NOWHERE = "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES))
_PLAIN = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
    rf"@(?!.*--)(?!(?:.*\.)?(?:{_NOWHERE})\Z)"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,24}"
)


class NotAnAddress(Exception):  # noqa: N818
    """This is not one e-mail address."""


def exact_address(typed: str) -> str:
    """Return the one spelling that is stored: local part as typed, domain in ASCII, lower case.

    A domain with umlauts becomes its `xn--` form (RFC 5891), so both spellings are one address, and
    a look-alike domain can be seen for what it is. Blanks around the address are dropped. Names,
    comments, quotes, two addresses and characters outside ASCII before the `@` are refused: they
    cannot be delivered everywhere (RFC 6531 is optional). Raises NotAnAddress.
    """
    address = typed.strip(" ")
    if len(address) <= MAX_ADDRESS and _PLAIN.fullmatch(address):
        return address
    return _checked(address)


def _checked(address: str) -> str:
    """Let the library look at an address that is out of the ordinary. Raises NotAnAddress."""
    try:
        checked = validate_email(
            address,
            allow_smtputf8=False,
            allow_quoted_local=False,
            allow_domain_literal=False,
            allow_display_name=False,
            strict=True,
            check_deliverability=False,
            globally_deliverable=True,
        )
    except EmailNotValidError:
        raise NotAnAddress from None
    local, _, _ = address.rpartition("@")
    exact = f"{local}@{checked.ascii_domain.lower()}"
    if len(exact) > MAX_ADDRESS or checked.local_part != local:
        raise NotAnAddress
    return exact
