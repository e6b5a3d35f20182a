"""The way to the next mail server: connections kept open, and what its answers mean (R-SEC-02)."""

import ssl
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Self

import aiosmtplib
from aiosmtplib import SMTP

from shared.settings import Settings

IMPLICIT_TLS_PORT = 465  # RFC 8314 section 3.3
CONNECT_TIMEOUT_S = 5.0
LOGIN_SECRET = "smtp-login"  # noqa: S105  # the name of a file: one line `user password`


class Answer(StrEnum):
    """What became of one mail."""

    ACCEPTED = "accepted"  # 250 after the data: the next server has it
    LATER = "later"  # 4xx: it does not have it, try again
    REFUSED = "refused"  # 5xx: it will never take it
    UNKNOWN = "unknown"  # the line broke after the data: it may have it
    DOWN = "down"  # nobody answered: nothing was sent


class Transport:
    """Connections to one mail server, as many as there are mails under way."""

    def __init__(self, host: str, port: int, *, tls: bool, login: tuple[str, str] | None) -> None:
        """`tls=True` demands TLS with a valid certificate, by STARTTLS or from the start (465)."""
        self._host, self._port, self._tls, self._login = host, port, tls, login
        self._idle: list[SMTP] = []

    @classmethod
    def to(cls, settings: Settings) -> Self:
        """Take host and port from the settings; TLS may be missing in development only."""
        host, _, port = settings.smtp.rpartition(":")
        file = settings.secrets / LOGIN_SECRET
        login = file.read_text().split() if file.exists() else []
        return cls(
            host.strip("[]"),
            int(port),
            tls=not settings.development,
            login=(login[0], login[1]) if login else None,
        )

    async def send(self, sender: str, recipient: str, message: bytes) -> Answer:
        """Hand one message over (RFC 5321 section 3.3). Never raises for what a server may do."""
        try:
            smtp = self._idle.pop() if self._idle else await self._connect()
        except (OSError, aiosmtplib.SMTPException, ssl.SSLError):
            return Answer.DOWN
        answer = await _hand_over(smtp, sender, recipient, message)
        if answer in {Answer.ACCEPTED, Answer.LATER, Answer.REFUSED} and smtp.is_connected:
            self._idle.append(smtp)
        else:
            smtp.close()
        return answer

    async def rest(self) -> None:
        """Say goodbye on all idle connections; servers close them themselves after a while."""
        while self._idle:
            smtp = self._idle.pop()
            try:
                await smtp.quit()
            except (OSError, aiosmtplib.SMTPException):
                smtp.close()

    async def _connect(self) -> SMTP:
        implicit = self._tls and self._port == IMPLICIT_TLS_PORT
        smtp = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=CONNECT_TIMEOUT_S,
            use_tls=implicit,
            # In development the inbox on loopback speaks plain text; elsewhere TLS or nothing.
            start_tls=(self._tls and not implicit),
        )
        await smtp.connect()
        if self._login:
            await smtp.login(*self._login)
        return smtp


async def _hand_over(smtp: SMTP, sender: str, recipient: str, message: bytes) -> Answer:
    envelope = await _step(smtp, lambda: smtp.mail(sender), lost=Answer.DOWN)
    if envelope is not Answer.ACCEPTED:
        return envelope
    envelope = await _step(smtp, lambda: smtp.rcpt(recipient), lost=Answer.DOWN)
    if envelope is not Answer.ACCEPTED:
        return envelope
    return await _step(smtp, lambda: smtp.data(message), lost=Answer.UNKNOWN)


async def _step(smtp: SMTP, command: Callable[[], Awaitable[object]], *, lost: Answer) -> Answer:
    try:
        await command()
    except aiosmtplib.SMTPResponseException as error:
        await _reset(smtp)
        return Answer.REFUSED if error.code >= 500 else Answer.LATER  # noqa: PLR2004
    except (OSError, aiosmtplib.SMTPException):
        return lost
    return Answer.ACCEPTED


async def _reset(smtp: SMTP) -> None:
    try:
        await smtp.rset()
    except (OSError, aiosmtplib.SMTPException):
        smtp.close()
