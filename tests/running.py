"""A stack that runs already, for many short runs of tests: STACK names the file that says where.

`python -m tests.running STATE FILE` runs one until its standard input ends.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.stack import Inbox, Kafka, Ports, Postgres, Smtp, Stack, embedded_stack
from shared.stack.embedded import supervised
from shared.stack.identity import remove_home
from shared.stack.kafka import BROKER_SETTINGS


def keep_running(state: Path, description: Path) -> None:
    """Run a stack until nobody holds the other end of our standard input; remove its data."""
    try:
        with embedded_stack(state, Ports.free(), broker_settings=BROKER_SETTINGS) as stack:
            written = description.with_suffix(".new")
            written.touch(mode=0o600)  # a password stands in it
            written.write_text(_describe(stack), "utf-8")
            written.rename(description)
            while os.read(sys.stdin.fileno(), 1):
                pass
    finally:
        remove_home(state)


def _describe(stack: Stack) -> str:
    servers = (stack.postgres, stack.kafka, stack.smtp)
    return json.dumps(
        {"inbox": str(stack.inbox.folder.absolute()), "servers": [vars(one) for one in servers]}
    )


@contextlib.contextmanager
def running_stack(state: Path, description: Path) -> Iterator[Stack]:
    """Join the stack that the file describes; nothing of it is stopped at the end."""
    told = json.loads(description.read_text("utf-8"))
    postgres, kafka, smtp = told["servers"]
    with supervised(state) as supervisor:
        yield Stack(
            supervisor.state,
            Postgres(**postgres),
            Kafka(**kafka),
            Smtp(**smtp),
            Inbox(Path(told["inbox"])),
            supervisor,
        )


if __name__ == "__main__":
    keep_running(Path(sys.argv[1]), Path(sys.argv[2]))
