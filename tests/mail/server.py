"""A mail server that answers as it is told: real SMTP on a real port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

LOSE = "lose"  # take the data, then break the line without an answer


@dataclass
class Server:
    """`answers` are used up in turn, then everything is accepted; `port` 0 means any."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Answer the data of one mail."""
        del session
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250") or answer == LOSE:
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.received.append(mail)
            self.recipients += envelope.rcpt_tos
        if answer == LOSE:
            server.transport.abort()
        return answer

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        """Listen while the block runs."""
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: SMTP(self, hostname="mail.example.org", loop=loop), "127.0.0.1", self.port
        )
        self.port = listening.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listening.close()
