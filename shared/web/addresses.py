"""E-mail addresses as people type them: one exact spelling each, or a refusal."""

from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets


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
