"""The parts of the embedded stack together, in one state folder."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.stack.disk import STATE_MIB, require_space
from shared.stack.display import Display, Silent
from shared.stack.inbox import Inbox, prepare_inbox
from shared.stack.instance import only_instance
from shared.stack.jars import fetch_jars
from shared.stack.java import find_java
from shared.stack.kafka import Kafka, prepare_kafka
from shared.stack.ports import LOOPBACK, free_ports, require_free
from shared.stack.postgres import Postgres, prepare_postgres
from shared.stack.supervisor import Supervisor

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ports:
    """Where the parts listen on loopback."""

    postgres: int
    kafka: int
    controller: int
    smtp: int

    @classmethod
    def free(cls) -> "Ports":
        """Choose ports that nobody uses."""
        return cls(*free_ports(4))


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
    """Return the folder for downloads that every state shares: EXPUNGE_CACHE, or ours."""
    if chosen := os.environ.get("EXPUNGE_CACHE"):
        return Path(chosen).absolute()
    if (CHECKOUT / "pyproject.toml").exists():
        return CHECKOUT / ".expunge" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "expunge"


@contextlib.contextmanager
def supervised(state: Path, display: Display | None = None) -> Iterator[Supervisor]:
    """Hold the state folder and give a supervisor that stops its children at the end.

    Raises AnotherInstance if somebody holds the folder, NoSpace if the disk is too small.
    """
    state = state.absolute()
    with only_instance(state) as instance:
        require_space(state, STATE_MIB, "The state folder")
        with Supervisor(
            state, instance, (Silent() if display is None else display).say
        ) as supervisor:
            yield supervisor


def start_kafka(
    supervisor: Supervisor,
    port: int,
    controller_port: int,
    display: Display | None = None,
    settings: Mapping[str, str] | None = None,
) -> Kafka:
    """Fetch the jars if need be and start the broker; `wait_ready("kafka")` says when it is up."""
    display = Silent() if display is None else display
    require_free(port, "Kafka", "EXPUNGE_KAFKA")
    require_free(controller_port, "Kafka's controller", "EXPUNGE_KAFKA_CONTROLLER_PORT")
    java = find_java()
    cache = cache_folder()
    jars = fetch_jars(cache, display.progress)
    kafka, child = prepare_kafka(
        *(supervisor.state, port, controller_port),
        java=java,
        jars=jars,
        cache=cache,
        settings=settings,
    )
    supervisor.start(child, wait=False)
    return kafka


def start_postgres(supervisor: Supervisor, port: int) -> Postgres:
    """Make the cluster if need be and start the server."""
    require_free(port, "PostgreSQL", "EXPUNGE_POSTGRES")
    postgres, child = prepare_postgres(supervisor.state, port)
    supervisor.start(child, wait=False)
    return postgres


def start_inbox(supervisor: Supervisor, port: int) -> Inbox:
    """Start the mail inbox."""
    require_free(port, "the mail inbox", "EXPUNGE_SMTP")
    inbox, child = prepare_inbox(supervisor.state, port)
    supervisor.start(child, wait=False)
    return inbox


@contextlib.contextmanager
def embedded_stack(
    state: Path,
    ports: Ports,
    *,
    display: Display | None = None,
    broker_settings: Mapping[str, str] | None = None,
) -> Iterator[Stack]:
    """Start all three, wait until they are ready, and stop them at the end.

    Raises StackError, each with a sentence, for everything that keeps it from starting.
    """
    with supervised(state, display) as supervisor:
        kafka = start_kafka(supervisor, ports.kafka, ports.controller, display, broker_settings)
        postgres = start_postgres(supervisor, ports.postgres)
        inbox = start_inbox(supervisor, ports.smtp)
        for name in ("postgres", "inbox", "kafka"):
            supervisor.wait_ready(name)
        smtp = Smtp(LOOPBACK, ports.smtp)
        yield Stack(supervisor.state, postgres, kafka, smtp, inbox, supervisor)
