"""`expunge up` as people use it: it starts everything, other commands look at it and stop it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from shared.stack.embedded import cache_folder
from shared.stack.identity import remove_home
from shared.stack.ports import LOOPBACK, free_ports

ROOT = Path(__file__).parents[2]
WITHIN_S = 90.0
ENDPOINTS = ("BIND", "INTERNAL_BIND", "POSTGRES", "KAFKA", "SMTP")


@dataclass(frozen=True)
class Installation:
    """A state folder with ports of its own."""

    environment: dict[str, str]
    url: str

    def expunge(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end."""
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "services.cli", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    def start(self) -> "subprocess.Popen[str]":
        """Begin `expunge up` and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "services.cli", "up"],
            env=self.environment,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    state = tmp_path_factory.mktemp("up") / "state"
    ports = dict(zip((*ENDPOINTS, "CONTROLLER"), free_ports(6), strict=True))
    others = {key: value for key, value in os.environ.items() if not key.startswith("EXPUNGE_")}
    url = f"http://localhost:{ports['BIND']}"
    environment = {
        **others,
        **{f"EXPUNGE_{name}": f"{LOOPBACK}:{ports[name]}" for name in ENDPOINTS},
        "EXPUNGE_KAFKA_CONTROLLER_PORT": str(ports["CONTROLLER"]),
        "EXPUNGE_STATE": str(state),
        "EXPUNGE_CACHE": str(cache_folder()),
    }
    yield Installation(environment, url)
    remove_home(state)


@pytest.fixture(scope="module")
def running(installation: Installation) -> Iterator["subprocess.Popen[str]"]:
    process = installation.start()
    try:
        until = time.monotonic() + WITHIN_S
        while not _status(installation).get("ready"):
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < until, installation.expunge("doctor").stdout
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=WITHIN_S)


def _status(installation: Installation) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(installation.expunge("status", "--json").stdout)
    return answer


@pytest.mark.usefixtures("running")
def test_the_web_answers_and_so_does_the_inbox(installation: Installation) -> None:
    start = httpx2.get(f"{installation.url}/")
    page = httpx2.get(f"{installation.url}/dev/inbox")
    mails = httpx2.get(f"{installation.url}/dev/inbox.json")

    assert (start.status_code, page.status_code, mails.status_code) == (200, 200, 200)
    assert "No mail yet" in page.text
    assert mails.json() == []


@pytest.mark.usefixtures("running")
def test_status_names_every_part(installation: Installation) -> None:
    status = _status(installation)

    assert [child["name"] for child in status["children"]] == [
        *("kafka", "postgres", "inbox"),
        *("workers", "ledger", "verifiers", "web"),
    ]
    assert status["url"] == installation.url


@pytest.mark.usefixtures("running")
def test_the_doctor_finds_nothing(installation: Installation) -> None:
    done = installation.expunge("doctor", "--json")

    assert [one for one in json.loads(done.stdout) if not one["fine"]] == []
    assert done.returncode == 0


@pytest.mark.usefixtures("running")
def test_logs_of_a_part_are_shown_and_an_unknown_part_is_a_sentence(
    installation: Installation,
) -> None:
    listed, kafka, unknown = (
        installation.expunge("logs", *name) for name in ((), ("kafka",), ("nobody",))
    )

    assert {"kafka", "postgres", "web"} <= {
        line.split("\t")[0] for line in listed.stdout.split("\n")
    }
    assert "Kafka Server started" in kafka.stdout
    assert (unknown.returncode, "expunge logs" in unknown.stderr) == (1, True)


@pytest.mark.usefixtures("running")
def test_a_second_up_in_the_same_folder_is_refused_with_a_sentence(
    installation: Installation,
) -> None:
    second = installation.expunge("up")

    assert second.returncode == 1
    assert "expunge down" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.usefixtures("running")
def test_reset_is_refused_while_it_runs(installation: Installation) -> None:
    refused = installation.expunge("reset", "--yes")

    assert refused.returncode == 1
    assert "expunge down" in refused.stderr


def test_down_stops_everything_and_reset_empties_the_folder(
    installation: Installation, running: "subprocess.Popen[str]"
) -> None:
    family = psutil.Process(running.pid).children(recursive=True)

    down = installation.expunge("down")
    running.wait(WITHIN_S)
    doctor = installation.expunge("doctor", "--json")
    reset = installation.expunge("reset", "--yes")

    assert (down.returncode, down.stdout, running.returncode) == (0, "Stopped.\n", 0)
    assert [one for one in family if one.is_running()] == []
    assert [one for one in json.loads(doctor.stdout) if not one["fine"]] == []
    assert reset.returncode == 0
    assert [path.name for path in Path(installation.environment["EXPUNGE_STATE"]).iterdir()] == [
        "lock"
    ]


def test_a_taken_port_is_a_sentence_and_nothing_is_left_running(
    installation: Installation,
) -> None:
    port = int(installation.environment["EXPUNGE_KAFKA"].rpartition(":")[2])
    with socket.create_server((LOOPBACK, port)):
        refused = installation.expunge("up")
        doctor = installation.expunge("doctor")

    assert refused.returncode == 1
    assert f"Port {port}, wanted for Kafka, is taken" in refused.stderr
    assert "EXPUNGE_KAFKA" in refused.stderr
    assert (doctor.returncode, f"FAIL Port {port}" in doctor.stdout) == (1, True)
    assert installation.expunge("status").returncode == 1
