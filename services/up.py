"""`expunge up`: the whole system in one state folder, supervised.

Order: stack, database schemas, topics, keys and register, workers and verifiers, web. Preparation
is the same commands that an operator calls on other people's servers.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from contracts.topics import ERASURE_SERVICE
from shared.settings import Settings
from shared.stack.disk import free_mib
from shared.stack.display import Display
from shared.stack.embedded import start_inbox, start_kafka, start_postgres, supervised
from shared.stack.ports import LOOPBACK, free_ports, require_free
from shared.stack.supervisor import Child, Supervisor

PARTS = ("kafka", "postgres", "inbox")
PREPARATION = {
    "Database schemas": ("db", "apply"),
    "Topics": ("topics", "apply"),
    "Keys and register": ("keys", "apply"),
}
TEND_S = 0.2
OF_THE_MACHINE = {"EXPUNGE_CACHE", "EXPUNGE_JAVA", "EXPUNGE_AOT"}
HEALTH_TIMEOUT_S = 2.0
Command = Callable[[tuple[str, ...]], None]


def as_environment(settings: Settings) -> dict[str, str]:
    """Write settings as `EXPUNGE_*` variables, for the processes that we start."""
    values = settings.model_dump(exclude={"partitions"})
    return {f"EXPUNGE_{name.upper()}": _written(value) for name, value in values.items()}


def settings_of_its_own(state: Path) -> Settings:
    """Give a system in `state` ports of its own, whatever else runs.

    Nothing is inherited from the environment but what says how a machine starts a broker.
    """
    public, internal, postgres, kafka, controller, smtp = free_ports(6)
    for name in [name for name in os.environ if name.startswith("EXPUNGE_")]:
        if name not in OF_THE_MACHINE:
            del os.environ[name]
    os.environ["EXPUNGE_KAFKA_CONTROLLER_PORT"] = str(controller)
    return Settings(
        state=state.absolute(),
        postgres=f"{LOOPBACK}:{postgres}",
        kafka=f"{LOOPBACK}:{kafka}",
        smtp=f"{LOOPBACK}:{smtp}",
        bind=f"{LOOPBACK}:{public}",
        internal_bind=f"{LOOPBACK}:{internal}",
        public_url=f"http://localhost:{public}",
        internal_url=f"http://{LOOPBACK}:{internal}",
        development=True,
    )


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value.absolute()) if isinstance(value, Path) else str(value)


def our_children(settings: Settings, environment: Mapping[str, str]) -> list[Child]:
    """Describe what runs besides the stack, in the order of the start."""
    command = (sys.executable, "-m", "services.cli")
    work = (*command, "work")
    port, internal = port_of(settings.bind), port_of(settings.internal_bind)
    caught_up = f"http://127.0.0.1:{internal}/readyz"
    checking = os.environ.get("EXPUNGE_SELFCHECK") == "1"
    checks = [Child("selfcheck", (*command, "selfcheck", "--keep"), env=environment)]
    return [
        Child("workers", (*work, "--without", ERASURE_SERVICE), env=environment, grace_s=20),
        # It hears everything that all others say: beside them it would make them wait.
        Child("ledger", (*work, ERASURE_SERVICE), env=environment, grace_s=20),
        Child("verifiers", (*command, "verify-slices"), env=environment, grace_s=20),
        Child(
            "web",
            (*command, "serve"),
            env=environment,
            ready=lambda: answers_ok(caught_up),
            ports=(port, internal),
        ),
        *(checks if checking else ()),
    ]


@contextlib.contextmanager
def system(
    settings: Settings,
    run: Command,
    display: Display,
    *,
    without: Collection[str] = (),
    children: Callable[[Settings, Mapping[str, str]], list[Child]] = our_children,
    broker_settings: Mapping[str, str] | None = None,
) -> Iterator[Supervisor]:
    """Start everything and give its supervisor; stop everything at the end.

    `run` carries out one of our own commands in this process; `without` names parts of the stack
    that somebody else runs. Raises StackError, each with a sentence that says what to do.
    """
    environment = as_environment(settings)
    ours = children(settings, environment)
    with supervised(settings.state, display) as supervisor:
        for child in ours:
            for port in child.ports:
                require_free(port, child.name, "EXPUNGE_BIND or EXPUNGE_INTERNAL_BIND")
        display.say(f"{settings.state.absolute()}: {free_mib(settings.state)} MiB free")
        with display.step("Kafka, PostgreSQL and mail inbox"):
            started = _start_stack(supervisor, settings, display, without, broker_settings)
            os.environ.update(environment)
            run(())  # loads the commands while the servers start
            for part in started:
                supervisor.wait_ready(part)
        for name, command in PREPARATION.items():
            with display.step(name):
                run(command)
        with display.step("Workers, verifiers and web"):
            for child in ours:
                supervisor.start(child, wait=False)
            for child in ours:
                supervisor.wait_ready(child.name)
        supervisor.note(url=settings.public_url, environment=environment)
        yield supervisor


def _start_stack(
    supervisor: Supervisor,
    settings: Settings,
    display: Display,
    without: Collection[str],
    broker_settings: Mapping[str, str] | None,
) -> list[str]:
    started = [part for part in PARTS if part not in without]
    if "kafka" in started:
        port = port_of(settings.kafka)
        controller = int(os.environ.get("EXPUNGE_KAFKA_CONTROLLER_PORT", port + 1))
        start_kafka(supervisor, port, controller, display, broker_settings)
    if "postgres" in started:
        start_postgres(supervisor, port_of(settings.postgres))
    if "inbox" in started:
        start_inbox(supervisor, port_of(settings.smtp))
    return started


def keep_running(supervisor: Supervisor) -> None:
    """Watch the children until somebody asks us to stop (shared.stack.signals.Asked)."""
    while True:
        supervisor.tend()
        time.sleep(TEND_S)


def port_of(endpoint: str) -> int:
    """Return the port of `host:port`."""
    return int(endpoint.rpartition(":")[2])


def answers_ok(url: str) -> bool:
    """Tell whether the URL answers 200 now; no proxy is asked for loopback."""
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=HEALTH_TIMEOUT_S) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False
