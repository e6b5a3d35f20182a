"""The mail inbox of the development stack: what people would see in their mailboxes.

It plays the mailboxes of the people we write to, so nothing of it counts as our storage. The SMTP
server (`smtp_server.py`) keeps each mail as one file; this is the reader of that folder.
"""

import asyncio
import json
import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from shared.stack.ports import accepts
from shared.stack.supervisor import Child
from shared.visitor.received import Mail, parse_mail

SUFFIX = ".mail"


@dataclass(frozen=True)
class Inbox:
    """Reader of the folder that the SMTP server fills."""

    folder: Path

    def messages(self, to: str | None = None) -> list[Mail]:
        """Return all mails, oldest first; only those to one address if `to` is given."""
        mails = [read_mail(file) for file in sorted(self.folder.glob(f"*{SUFFIX}"))]
        return [mail for mail in mails if to is None or to in mail.to]

    def message(self, mail_id: str) -> Mail | None:
        """Return one mail, or None if there is none with that id."""
        if not re.fullmatch(r"[0-9a-f-]{1,64}", mail_id):
            return None
        file = self.folder / f"{mail_id}{SUFFIX}"
        return read_mail(file) if file.exists() else None

    async def wait_for(
        self, to: str, *, subject: str = "", count: int = 1, within_s: float = 20.0
    ) -> list[Mail]:
        """Wait until `count` mails to the address (whose subject contains `subject`) are there.

        Raises TimeoutError naming how many came.
        """
        until = time.monotonic() + within_s
        while True:
            found = [mail for mail in self.messages(to) if subject in mail.subject]
            if len(found) >= count:
                return found
            if time.monotonic() > until:
                msg = f"{len(found)} of {count} mails came within {within_s} s"
                raise TimeoutError(msg)
            await asyncio.sleep(0.02)

    def clear(self) -> None:
        """Forget every mail."""
        for file in self.folder.glob(f"*{SUFFIX}"):
            file.unlink()


@lru_cache(maxsize=2_000)
def read_mail(file: Path) -> Mail:
    """Parse one stored mail; once, since a stored mail never changes and pages ask often."""
    recipients, _, raw = file.read_bytes().partition(b"\n")
    received_at = datetime.fromtimestamp(int(file.stem.split("-")[0], 16) / 1e6, UTC)
    return parse_mail(raw, file.stem, json.loads(recipients), received_at)


def prepare_inbox(state: Path, port: int) -> tuple[Inbox, Child]:
    """Describe the SMTP server's child and give the reader of its folder."""
    folder = state / "inbox"
    folder.mkdir(parents=True, exist_ok=True)
    child = Child(
        name="inbox",
        argv=[sys.executable, "-m", "shared.stack.smtp_server", str(port), str(folder.absolute())],
        ready=lambda: accepts(port),
        cwd=Path(__file__).parents[2],
        ports=(port,),
    )
    return Inbox(folder), child
