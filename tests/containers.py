"""The same stack from containers: `STACK=containers make test`, where a container engine answers.

PostgreSQL 17 and Apache Kafka 4.1 in containers prove that nothing depends on the embedded ones;
the mail inbox stays a process of ours. EXPUNGE_POSTGRES_IMAGE and EXPUNGE_KAFKA_IMAGE name others.
"""

import contextlib
import os
import secrets
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.stack import Kafka, Postgres, Smtp, Stack, kafka, postgres
from shared.stack.embedded import start_inbox, supervised
from shared.stack.kafka import BROKER_SETTINGS
from shared.stack.ports import LOOPBACK, free_ports
from shared.stack.postgres import SETTINGS

POSTGRES_IMAGE = os.environ.get("EXPUNGE_POSTGRES_IMAGE", "postgres:17")
KAFKA_IMAGE = os.environ.get("EXPUNGE_KAFKA_IMAGE", "apache/kafka:4.1.1")
WITHIN_S = 120.0
NOT_IN_CONTAINERS = {"listen_addresses", "unix_socket_directories"}


def require_engine() -> None:
    """Skip with a sentence where no container engine answers."""
    ask = "import docker; docker.from_env().ping()"  # in a process: it leaves sockets open
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, check=False)  # noqa: S603
    if asked.returncode:
        pytest.skip("STACK=containers, but no container engine answers: start one, or unset STACK")


@contextlib.contextmanager
def container_stack(state: Path) -> Iterator[Stack]:
    """Start both servers in containers and the inbox beside them; remove all at the end."""
    require_engine()
    postgres_port, kafka_port, smtp_port = free_ports(3)
    password = secrets.token_urlsafe(24)
    with (
        _container(POSTGRES_IMAGE, 5432, postgres_port, **_postgres(password)),
        _container(KAFKA_IMAGE, 9092, kafka_port, **_kafka(kafka_port)),
        supervised(state) as supervisor,
    ):
        inbox = start_inbox(supervisor, smtp_port)
        supervisor.wait_ready("inbox")
        _await(lambda: postgres.answers(postgres_port), POSTGRES_IMAGE)
        _await(lambda: kafka.answers(kafka_port), KAFKA_IMAGE)
        yield Stack(
            supervisor.state,
            Postgres(LOOPBACK, postgres_port, password),
            Kafka(LOOPBACK, kafka_port),
            Smtp(LOOPBACK, smtp_port),
            inbox,
            supervisor,
        )


@contextlib.contextmanager
def _container(
    image: str, inside: int, outside: int, environment: dict[str, str], command: str = ""
) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415

        container: Any = DockerContainer(image)
        container.ports[f"{inside}/tcp"] = (LOOPBACK, outside)  # with_bind_ports binds everywhere
        for name, value in environment.items():
            container = container.with_env(name, value)
        container = container.with_command(command) if command else container
        with container:
            yield


def _postgres(password: str) -> dict[str, Any]:
    options = [
        f"-c {name}={value}" for name, value in SETTINGS.items() if name not in NOT_IN_CONTAINERS
    ]
    return {
        "environment": {
            "POSTGRES_PASSWORD": password,
            "POSTGRES_INITDB_ARGS": "--auth=scram-sha-256 --locale=C.UTF-8",
        },
        "command": " ".join(["postgres", *options]),
    }


def _kafka(port: int) -> dict[str, Any]:
    settings = {
        **BROKER_SETTINGS,
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.quorum.voters": "1@localhost:9093",
    }
    return {
        "environment": {
            f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()
        }
    }


def _await(condition: Callable[[], bool], image: str) -> None:
    until = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < until, f"{image} did not become ready"
        time.sleep(0.1)
