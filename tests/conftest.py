"""What every test may use: one real stack for the whole run, and settings of its own per module."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import asyncpg
import hypothesis
import pytest

from shared.settings import Settings, write_secret
from shared.stack import Ports, Stack, embedded_stack
from shared.stack.identity import remove_home
from shared.stack.instance import held
from tests.containers import container_stack
from tests.running import running_stack

ROOT = Path(__file__).parents[1]
STATES = ROOT / ".expunge"
# Members of consumer groups that were killed are missed after one second, not after ten.
BROKER_SETTINGS = {"group.min.session.timeout.ms": "1000"}
LONG = {"browser", "kill", "security", "stack", "whole"}  # minutes each, a second and more a test
_numbers = itertools.count(1)
# How long one example takes says how busy the machine is, and nothing about us.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker sits alone over it at the end."""
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start Kafka, PostgreSQL and the inbox once; they end with this process however it ends."""
    os.environ.setdefault("EXPUNGE_CACHE", str(STATES / "cache"))
    state = STATES / f"test-{os.getpid()}"
    with contextlib.ExitStack() as running:
        running.callback(_remove, state)
        with _nobody_else_starts():
            _remove_leftovers()
            stack = running.enter_context(_stack(state))
        _spare_the_disk(stack)
        yield stack


@contextlib.contextmanager
def _nobody_else_starts() -> Iterator[None]:
    """Let processes that share the tests fill the cache and take ports one after the other."""
    STATES.mkdir(exist_ok=True)
    with (STATES / "starting").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _spare_the_disk(stack: Stack) -> None:
    """Let PostgreSQL leave to the system when its files reach the disk: it is what tests wait for.

    A server that is killed loses nothing by it, only a machine that loses its power would.
    """

    async def tell() -> None:
        at = stack.postgres
        connection = await asyncpg.connect(
            host=at.host, port=at.port, user="postgres", password=at.password, database="postgres"
        )
        try:
            await connection.execute("alter system set fsync = off")
            await connection.execute("select pg_reload_conf()")
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as aside:  # the tests have a loop of their own in this thread
        aside.submit(asyncio.run, tell()).result()


def _stack(state: Path) -> AbstractContextManager[Stack]:
    """Choose by STACK where the servers come from: embedded (default), containers, or a file's."""
    chosen = os.environ.get("STACK", "embedded")
    if chosen == "containers":
        return container_stack(state)
    if chosen != "embedded":
        return running_stack(state, Path(chosen))
    return embedded_stack(state, Ports.free(), broker_settings=BROKER_SETTINGS)


@pytest.fixture(scope="module")
def settings(stack: Stack) -> Settings:
    """Return settings with a fresh namespace and their own secrets, as a new installation has."""
    return fresh_settings(stack)


@pytest.fixture(scope="module")
def environment(settings: Settings) -> dict[str, str]:
    """Return the same settings as variables, for processes that a test starts."""
    return as_environment(settings)


def fresh_settings(stack: Stack) -> Settings:
    """Make settings that share nothing with any others but the servers."""
    namespace = f"t{next(_numbers)}_{secrets.token_hex(2)}_"
    state = stack.state / "modules" / namespace
    write_secret(state / "secrets" / "database" / "postgres", stack.postgres.password)
    return Settings(
        state=state,
        namespace=namespace,
        postgres=f"{stack.postgres.host}:{stack.postgres.port}",
        kafka=stack.kafka.bootstrap,
        smtp=f"{stack.smtp.host}:{stack.smtp.port}",
        development=True,
    )


def as_environment(settings: Settings) -> dict[str, str]:
    """Return this process's environment with the settings in it."""
    ours = {
        f"EXPUNGE_{name.upper()}": "1" if value is True else "0" if value is False else str(value)
        for name, value in settings.model_dump(exclude={"partitions"}).items()
    }
    others = {key: value for key, value in os.environ.items() if not key.startswith("EXPUNGE_")}
    return {**others, **ours}


def _remove_leftovers() -> None:
    """Remove the folders of runs that were killed."""
    for state in STATES.glob("test-*"):
        if not held(state):
            _remove(state)


def _remove(state: Path) -> None:
    """Remove a state folder wherever its parts are."""
    remove_home(state)
    shutil.rmtree(state, ignore_errors=True)
