"""A real Kafka and a real PostgreSQL after SIGKILL: nothing left over, nothing lost."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.stack import Ports, Stack, embedded_stack
from shared.stack.identity import remove_home
from shared.stack.instance import held

ROOT = Path(__file__).parents[2]
WITHIN_S = 60.0
TOPIC = "kept"
PROGRAM = """
import dataclasses, json, sys
from pathlib import Path
from shared.stack import Ports, embedded_stack
with embedded_stack(Path(sys.argv[1]), Ports(**json.loads(sys.argv[2]))) as stack:
    print(json.dumps({"url": stack.postgres.superuser_url}), flush=True)
    sys.stdin.read()
"""


async def _write(stack_url: str, bootstrap: str) -> None:
    """Have both servers acknowledge one thing."""
    connection = await asyncpg.connect(stack_url)
    await connection.execute("create table kept (word text); insert into kept values ('kept')")
    await connection.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(TOPIC, b"kept")


async def _read(stack: Stack) -> tuple[str, int]:
    """Return what each of them still has."""
    connection = await asyncpg.connect(stack.postgres.superuser_url)
    word = await connection.fetchval("select word from kept")
    await connection.close()
    async with AIOKafkaConsumer(bootstrap_servers=stack.kafka.bootstrap) as consumer:
        partition = TopicPartition(TOPIC, 0)
        ends = await consumer.end_offsets([partition])
    return word, ends[partition]


@pytest.mark.kill
async def test_the_whole_stack_ends_with_its_killed_supervisor_and_comes_back_whole(
    tmp_path: Path,
) -> None:
    state, ports = tmp_path / "state", Ports.free()
    process = subprocess.Popen(  # noqa: ASYNC220, S603
        [sys.executable, "-c", PROGRAM, str(state), json.dumps(ports.__dict__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.readline())
        await _write(told["url"], f"127.0.0.1:{ports.kafka}")
        family = psutil.Process(process.pid).children(recursive=True)
        names = {one.name() for one in family}

        process.send_signal(signal.SIGKILL)
        _, alive = psutil.wait_procs(family, timeout=WITHIN_S)

        assert {"java", "postgres"} <= names
        assert alive == []
        with embedded_stack(state, ports) as stack:
            assert await _read(stack) == ("kept", 1)
    finally:
        process.kill()
        process.communicate()
        remove_home(state)


@pytest.fixture(scope="module")
async def own_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Start a stack that only these tests disturb."""
    state = tmp_path_factory.mktemp("own") / "state"
    try:
        with embedded_stack(state, Ports.free()) as running:
            await _write(running.postgres.superuser_url, running.kafka.bootstrap)
            yield running
    finally:
        remove_home(state)


@pytest.mark.kill
@pytest.mark.parametrize("name", ["kafka", "postgres", "inbox"])
async def test_a_killed_server_comes_back_with_what_it_acknowledged(
    own_stack: Stack, name: str
) -> None:
    supervisor = own_stack.supervisor

    supervisor.kill_child(name)
    until = time.monotonic() + WITHIN_S
    while supervisor.restarts_of(name) == 0:
        assert time.monotonic() < until
        supervisor.tend()
        time.sleep(0.01)  # noqa: ASYNC251
    supervisor.wait_ready(name)

    assert await _read(own_stack) == ("kept", 1)
    assert held(own_stack.state)
