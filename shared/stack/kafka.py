"""Apache Kafka (KRaft, one node) as a child of the supervisor."""

import os
import secrets
import socket
import struct
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.stack.aot import find_aot
from shared.stack.errors import StackError
from shared.stack.java import Java
from shared.stack.ports import LOOPBACK
from shared.stack.supervisor import Child

# Quick to start and small: this broker serves one machine, not a data centre.
FLAGS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
)
FLAGS_24 = ("--sun-misc-unsafe-memory-access=allow",)  # silences warnings that Java 24 began with
NATIVE = "--enable-native-access=ALL-UNNAMED"
READY_TIMEOUT_S = 1.0
GRACE_S = 60  # a clean stop takes 0.3 s, and once 6 s more to write the class cache
BROKER_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Ready again in 4 s instead of 12 s after a kill.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "250",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "4194304",
}
LOGGING = """\
status = warn
shutdownHook = disable
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC}Z %-5p %c{1} %m%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
"""


@dataclass(frozen=True)
class Kafka:
    """How to reach the broker."""

    host: str
    port: int

    @property
    def bootstrap(self) -> str:
        """Bootstrap servers as clients want them."""
        return f"{self.host}:{self.port}"


def prepare_kafka(
    state: Path,
    port: int,
    controller_port: int,
    *,
    java: Java,
    jars: list[Path],
    cache: Path,
    settings: Mapping[str, str] | None = None,
) -> tuple[Kafka, Child]:
    """Write the broker's configuration, format its log folder once, and describe its child."""
    folder = state / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    _write_properties(folder, port, controller_port, settings or {})
    (folder / "log4j2.properties").write_text(LOGGING)
    flags = _flags(java)
    aot = find_aot(cache, java, jars, flags)
    classes = ("-cp", os.pathsep.join(map(str, jars)))
    logging = f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}"
    if not (folder / "data" / "meta.properties").exists():
        known = aot.flags() if aot is not None and aot.fresh is None else []
        _format(folder, [str(java.path), *flags, *known, logging, *classes])
    trained = aot.flags() if aot is not None else []
    child = Child(
        name="kafka",
        argv=[
            *[str(java.path), *flags, *trained, logging, *classes],
            *["kafka.Kafka", str(folder / "server.properties")],
        ],
        ready=lambda: answers(port),
        grace_s=GRACE_S,
        ports=(port, controller_port),
        stopped=aot.keep if aot is not None else None,
    )
    return Kafka(LOOPBACK, port), child


def answers(port: int) -> bool:
    """Tell whether the broker lists itself in a Metadata v1 answer."""
    head = struct.pack("!hhih", 3, 1, 7, 5) + b"ready"  # api key, version, correlation, client
    body = head + struct.pack("!i", 0)  # no topics
    try:
        with socket.create_connection((LOOPBACK, port), timeout=READY_TIMEOUT_S) as talk:
            talk.settimeout(READY_TIMEOUT_S)
            talk.sendall(struct.pack("!i", len(body)) + body)
            size = struct.unpack("!i", _read(talk, 4))[0]
            answer = _read(talk, size)
    except OSError:
        return False
    correlation, brokers = struct.unpack("!ii", answer[:8])
    return bool(correlation == 7 and brokers > 0)  # noqa: PLR2004 (the number we sent)


def _read(talk: socket.socket, size: int) -> bytes:
    """Read exactly `size` bytes."""
    got = b""
    while len(got) < size:
        part = talk.recv(size - len(got))
        if not part:
            raise ConnectionResetError
        got += part
    return got


def _flags(java: Java) -> list[str]:
    flags = list(FLAGS)
    if java.major >= 24:  # noqa: PLR2004 (JEP 498)
        flags += FLAGS_24
    return [*flags, NATIVE]


def _write_properties(
    folder: Path, port: int, controller_port: int, settings: Mapping[str, str]
) -> None:
    """Write server.properties anew: ports may differ from the last start."""
    everything = {
        **BROKER_SETTINGS,
        "log.dirs": str(folder / "data"),
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        **settings,
    }
    lines = [f"{name}={value}\n" for name, value in everything.items()]
    (folder / "server.properties").write_text("".join(lines))


def _format(folder: Path, command: list[str]) -> None:
    """Give the empty log folder a cluster id; joined by `=`, because an id may begin with `-`."""
    done = subprocess.run(  # noqa: S603
        [
            *(*command, "kafka.tools.StorageTool", "format"),
            f"--cluster-id={secrets.token_urlsafe(16)}",
            f"--config={folder / 'server.properties'}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = ((done.stderr or done.stdout).strip().splitlines() or ["no output"])[-1]
        msg = f"The broker could not format its log folder {folder / 'data'}: {last}"
        raise StackError(msg)
