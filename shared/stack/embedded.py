"""All three parts of the embedded stack together, in one state folder."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.stack.disk import STATE_MIB, require_space
from shared.stack.inbox import Inbox, prepare_inbox
from shared.stack.instance import only_instance
from shared.stack.jars import Said, fetch_jars
from shared.stack.java import find_java
from shared.stack.kafka import Kafka, prepare_kafka
from shared.stack.ports import LOOPBACK, free_ports, require_free
from shared.stack.postgres import Postgres, prepare_postgres
from shared.stack.supervisor import Supervisor

CACHE = Path(".expunge") / "cache"


@dataclass(frozen=True)
class Ports:
    """Where the parts listen on loopback."""

    postgres: int = 55432
    kafka: int = 59092
    controller: int = 59093
    smtp: int = 51025

    @classmethod
    def free(cls) -> "Ports":
        """Choose ports that nobody uses."""
        return cls(*free_ports(4))

    def require_free(self) -> None:
        """Raise PortTaken with a sentence if one of them is taken."""
        require_free(self.postgres, "PostgreSQL", "EXPUNGE_POSTGRES")
        require_free(self.kafka, "Kafka", "EXPUNGE_KAFKA")
        require_free(self.controller, "Kafka's controller", "EXPUNGE_KAFKA_CONTROLLER_PORT")
        require_free(self.smtp, "the mail inbox", "EXPUNGE_SMTP")


@dataclass(frozen=True)
class Smtp:
    """How to reach the inbox as a mail server."""

    host: str
    port: int


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    state: Path
    postgres: Postgres
    kafka: Kafka
    smtp: Smtp
    inbox: Inbox
    supervisor: Supervisor


def cache_folder() -> Path:
    """Return the folder for downloads that every state shares."""
    return Path(os.environ.get("EXPUNGE_CACHE", CACHE)).absolute()


@contextlib.contextmanager
def embedded_stack(
    state: Path,
    ports: Ports,
    *,
    say: Callable[[str], None] | None = None,
    downloaded: Said | None = None,
    broker_settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start all three, wait until they are ready, and stop them at the end.

    Raises StackError, each with a sentence, for everything that keeps it from starting.
    """
    state = state.absolute()
    with only_instance(state) as instance:
        ports.require_free()
        require_space(state, STATE_MIB, "The state folder")
        java = find_java()
        jars = fetch_jars(cache_folder(), downloaded)
        kafka, broker = prepare_kafka(
            state, ports.kafka, ports.controller, java=java, jars=jars, settings=broker_settings
        )
        postgres, server = prepare_postgres(state, ports.postgres)
        inbox, mailbox = prepare_inbox(state, ports.smtp)
        with Supervisor(state, instance, say) as supervisor:
            for child in (broker, server, mailbox):
                supervisor.start(child, wait=False)
            for child in (server, mailbox, broker):
                supervisor.wait_ready(child.name)
            smtp = Smtp(LOOPBACK, ports.smtp)
            yield Stack(state, postgres, kafka, smtp, inbox, supervisor)
