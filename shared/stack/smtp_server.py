"""The SMTP server of the development inbox: keeps every mail it gets in a folder.

    python -m shared.stack.smtp_server PORT FOLDER

A mail is one file: a line with the envelope's recipients, then the mail as sent. Names sort by
arrival; a file appears in one step and is on disk before the SMTP 250.
"""

import asyncio
import itertools
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from shared.stack.inbox import SUFFIX
from shared.stack.ports import LOOPBACK

LARGEST_MAIL_BYTES = 26_214_400


def store(folder: Path, recipients: list[str], content: bytes, number: int) -> None:
    """Write a mail with its recipients on top; on disk before the SMTP 250."""
    name = f"{time.time_ns() // 1000:014x}-{number:06x}-{secrets.token_hex(4)}"
    envelope = json.dumps(recipients).encode() + b"\n"
    fresh = folder / f"{name}.part"
    with fresh.open("wb") as file:
        file.write(envelope + content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(folder / f"{name}{SUFFIX}")


class _Keep:
    """aiosmtpd's handler: every recipient is ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        store(self._folder, envelope.rcpt_tos, envelope.original_content, next(self._numbers))
        return "250 kept"


async def _serve(port: int, folder: Path) -> None:
    handler = _Keep(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            handler, data_size_limit=LARGEST_MAIL_BYTES, enable_SMTPUTF8=False, hostname="inbox"
        ),
        LOOPBACK,
        port,
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
