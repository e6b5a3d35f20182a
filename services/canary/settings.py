"""Where the canary gets its mails, if not in the development inbox."""

from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from shared.settings import FromEnvironment, Settings, SettingsError

PASSWORD_SECRET: Final = "imap-password"  # noqa: S105 - the name of a file
PORTS: Final = {"imaps": 993, "imap": 143}  # RFC 8314 section 3.2; RFC 9051 section 2.1
ANY: Final = "*"  # stands for the invented person in the address
WRITE_MAILBOX: Final = "EXPUNGE_CANARY_MAILBOX: write imaps://USER@HOST/FOLDER"
NO_PASSWORD: Final = (
    f"EXPUNGE_CANARY_MAILBOX: the password belongs into {PASSWORD_SECRET} of EXPUNGE_SECRETS"
)
WRITE_ADDRESS: Final = (
    "EXPUNGE_CANARY_ADDRESS: write an address whose mails come to that mailbox, with one * before "
    "the @, such as canary+*@example.org"
)


class CanarySettings(FromEnvironment):
    """Read from `EXPUNGE_*` beside `Settings`.

    `canary_mailbox`: `imaps://USER@HOST[:PORT]/FOLDER`, or `imap://` for STARTTLS; without a
    folder it is INBOX. `canary_address`: an address of that mailbox, with a `*` for the person.
    """

    canary_mailbox: str = ""
    canary_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder at an IMAP server, and the address whose mails come there."""

    host: str
    port: int
    starttls: bool  # else TLS from the start
    user: str
    password: str
    folder: str
    address: str

    @classmethod
    def configured(cls, settings: Settings) -> Self | None:
        """Read the environment and the password's file; None without a mailbox.

        Raises SettingsError, which names what to write and where; no value is in it.
        """
        given = CanarySettings.load()
        if not given.canary_mailbox:
            return None
        split, user, folder = _parts(given.canary_mailbox)
        local, at, domain = given.canary_address.rpartition("@")
        if not at or local.count(ANY) != 1 or ANY in domain:
            raise SettingsError(WRITE_ADDRESS)
        file = settings.secrets / PASSWORD_SECRET
        try:
            password = file.read_text("ascii").strip()
        except (OSError, UnicodeError):
            message = (
                f"Write the mailbox's password (ASCII) into {file}, for its owner's eyes only."
            )
            raise SettingsError(message) from None
        return cls(
            host=split.hostname or "",
            port=split.port or PORTS[split.scheme],
            starttls=split.scheme == "imap",
            user=user,
            password=password,
            folder=folder,
            address=f"{local}@{domain.lower()}",
        )


def _parts(url: str) -> tuple[SplitResult, str, str]:
    """Take an IMAP URL apart (after RFC 5092 section 3). Raises SettingsError."""
    try:
        split = urlsplit(url)
        known = split.scheme in PORTS and split.port != 0
    except ValueError:
        known = False
    if not known:
        raise SettingsError(WRITE_MAILBOX)
    user, folder = unquote(split.username or ""), unquote(split.path.strip("/")) or "INBOX"
    typed = f"{user}{folder}"
    if not (split.hostname and user and typed.isascii() and typed.isprintable()):
        raise SettingsError(WRITE_MAILBOX)
    if split.password is not None:
        raise SettingsError(NO_PASSWORD)
    return split, user, folder
