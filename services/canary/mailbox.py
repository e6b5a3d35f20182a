"""The canary's mailbox at a mail server, read over IMAP (RFC 9051): with TLS or not at all."""

import asyncio
import imaplib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.utils import getaddresses
from typing import Any, Final, TypeVar

from services.canary.settings import ANY, PASSWORD_SECRET, Place
from services.canary.walk import WORD
from shared.visitor.received import Mail, parse_mail

T = TypeVar("T")
TIMEOUT_S: Final = 20.0  # of one answer
TRIES: Final = 2
LEFT_FOR: Final = timedelta(days=1)  # older mails of canaries are of one that broke off
UNPROVEN: Final = (
    "The server at EXPUNGE_CANARY_MAILBOX does not prove its name by TLS: look at host, port, its "
    "certificate, and whether it wants imaps:// or imap:// (STARTTLS)."
)
SILENT: Final = (
    "Nobody speaks IMAP with TLS at EXPUNGE_CANARY_MAILBOX: look at host and port, and whether it "
    "wants imaps:// or imap:// (STARTTLS)."
)
UNKNOWN: Final = (
    "The server at EXPUNGE_CANARY_MAILBOX refuses the login: look at the user in the URL and at "
    f"the file {PASSWORD_SECRET} in EXPUNGE_SECRETS."
)
NO_FOLDER: Final = (
    "The folder of EXPUNGE_CANARY_MAILBOX cannot be opened for writing: look at its name."
)
BROKEN: Final = "The server at EXPUNGE_CANARY_MAILBOX breaks off or refuses: look at its log."


class NoMailbox(Exception):  # noqa: N818
    """The mailbox cannot be used: the message says what to mend, and names nobody."""


class ImapMailbox:
    """One connection, opened when it is needed and again where it broke; used by one at a time."""

    patience_s = 600.0  # a server that does not know us may ask us to come again
    pause_s = 2.0

    def __init__(self, place: Place) -> None:
        """Nothing is connected yet."""
        self._place = place
        self._open: imaplib.IMAP4 | None = None
        self._read: dict[str, Mail] = {}

    async def opens(self) -> None:
        """Sign in and open the folder, no more. Raises NoMailbox."""
        await self._asked(lambda _: None)

    async def mails(self, address: str) -> list[dict[str, Any]]:
        """Give the mails to an address that are here by now. Raises NoMailbox."""
        found = await self._asked(lambda imap: self._fetch(imap, address))
        return [mail.as_json() for mail in found]

    async def attachment(self, mail_id: str, number: int) -> bytes:
        """Give an attachment of a mail that `mails` gave before."""
        content: bytes = self._read[mail_id].attachments[number]["content"]
        return content

    async def clear(self, address: str) -> None:
        """Delete the mails to an address for good. Raises NoMailbox."""
        await self._asked(lambda imap: _delete(imap, _search(imap, "TO", _quoted(address))))

    async def clear_old(self, now: datetime) -> None:
        """Delete what canaries that broke off left more than a day before (aware). NoMailbox."""
        await self._asked(lambda imap: _delete(imap, _old(imap, self._place.address, now)))

    async def close(self) -> None:
        """Say goodbye, if anything was said at all."""
        opened, self._open = self._open, None
        if opened is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                await asyncio.to_thread(opened.logout)

    async def _asked(self, work: Callable[[imaplib.IMAP4], T]) -> T:
        """Do it, once more if the line broke: servers hang up on whoever is silent for long."""
        for _ in range(TRIES):
            try:
                return await asyncio.to_thread(self._once, work)
            except (imaplib.IMAP4.error, OSError):
                _hang_up(self._open)
                self._open = None
        raise NoMailbox(BROKEN)

    def _once(self, work: Callable[[imaplib.IMAP4], T]) -> T:
        if self._open is None:
            self._open, self._read = _connect(self._place), {}
        _select(self._open, self._place.folder)  # anew each time: so what came since is seen
        return work(self._open)

    def _fetch(self, imap: imaplib.IMAP4, address: str) -> Sequence[Mail]:
        found = _search(imap, "TO", _quoted(address))
        for uid in found:
            if uid not in self._read and (raw := _part(imap, uid, "BODY.PEEK[]")):
                self._read[uid] = parse_mail(raw, uid, _to(raw), datetime.now(UTC))
        return [self._read[uid] for uid in found if uid in self._read]


async def opens(place: Place) -> None:
    """Try whether a mailbox can be used. Raises NoMailbox."""
    mailbox = ImapMailbox(place)
    try:
        await mailbox.opens()
    finally:
        await mailbox.close()


@asynccontextmanager
async def cleared(place: Place, address: str) -> AsyncIterator[ImapMailbox]:
    """Open a mailbox in which nothing of a canary is left behind, whatever comes in between.

    Mails that are still on their way then are deleted by a later canary. Raises NoMailbox.
    """
    mailbox = ImapMailbox(place)
    try:
        await mailbox.clear_old(datetime.now(UTC))
        yield mailbox
        await mailbox.clear(address)
    except NoMailbox:
        raise
    except BaseException:
        with suppress(NoMailbox):
            await mailbox.clear(address)
        raise
    finally:
        await mailbox.close()


def _connect(place: Place) -> imaplib.IMAP4:
    """Open a connection whose other end has proven its name, and sign in. Raises NoMailbox."""
    secure = ssl.create_default_context()
    at: dict[str, Any] = {"host": place.host, "port": place.port, "timeout": TIMEOUT_S}
    imap: imaplib.IMAP4 | None = None
    try:
        if place.starttls:
            imap = imaplib.IMAP4(**at)
            imap.starttls(secure)
        else:
            imap = imaplib.IMAP4_SSL(**at, ssl_context=secure)
    except (imaplib.IMAP4.error, OSError) as error:
        _hang_up(imap)
        raise NoMailbox(UNPROVEN if isinstance(error, ssl.SSLError) else SILENT) from None
    try:
        imap.login(_quoted(place.user), place.password)
    except imaplib.IMAP4.error:
        _hang_up(imap)
        raise NoMailbox(UNKNOWN) from None
    return imap


def _hang_up(imap: imaplib.IMAP4 | None) -> None:
    """Close the connection without a word; it may be broken."""
    if imap is not None:
        with suppress(OSError):
            imap.shutdown()


def _select(imap: imaplib.IMAP4, folder: str) -> None:
    try:
        status, _ = imap.select(_quoted(folder))
    except imaplib.IMAP4.readonly:
        status = "NO"
    if status != "OK":
        raise NoMailbox(NO_FOLDER)


def _search(imap: imaplib.IMAP4, *words: str) -> list[str]:
    """Give the UIDs of what matches (RFC 9051 section 6.4.4)."""
    found = _done(imap.uid("SEARCH", *words))
    return [uid for line in found if line for uid in line.decode().split()]


def _part(imap: imaplib.IMAP4, uid: str, part: str) -> bytes:
    """Fetch one part of a mail without marking it; empty if the mail is gone."""
    answers = _done(imap.uid("FETCH", uid, f"({part})"))
    return next((bytes(one[1]) for one in answers if isinstance(one, tuple)), b"")


def _old(imap: imaplib.IMAP4, pattern: str, now: datetime) -> list[str]:
    """Find old mails to addresses of the pattern; what else comes to the mailbox is not ours."""
    before, after = map(re.escape, pattern.split(ANY))
    whose = re.compile(f"{before}{WORD.pattern}{after}", re.IGNORECASE)
    day = imaplib.Time2Internaldate(now - LEFT_FOR).strip('"').split()[0]
    domain = pattern.rpartition("@")[2]
    return [
        uid
        for uid in _search(imap, "BEFORE", day, "TO", _quoted(domain))
        if any(map(whose.fullmatch, _to(_part(imap, uid, "BODY.PEEK[HEADER.FIELDS (TO)]"))))
    ]


def _delete(imap: imaplib.IMAP4, uids: Sequence[str]) -> None:
    """Delete these and no other, whatever else is marked as deleted (RFC 9051 section 6.4.9)."""
    if uids:
        _done(imap.uid("STORE", ",".join(uids), "+FLAGS.SILENT", r"(\Deleted)"))
        _done(imap.uid("EXPUNGE", ",".join(uids)))


def _done(answer: tuple[str, list[Any]]) -> list[Any]:
    status, told = answer
    if status != "OK":
        raise imaplib.IMAP4.error
    return told


def _to(raw: bytes) -> list[str]:
    headers = message_from_bytes(raw).get_all("To", [])
    return [address for _, address in getaddresses(list(map(str, headers)))]


def _quoted(text: str) -> str:
    """Write a quoted string (RFC 9051 section 4.3)."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
