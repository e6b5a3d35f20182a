"""An auditor who comes again sees what one look cannot: that something was cut or rewritten."""

import asyncio
import base64
import fcntl
import signal
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.messages import RegisterPublished
from contracts.tlog.checkpoint import Checkpoint
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from services.erasure.audit.heading import OUTLIVED
from services.erasure.audit.watching import CUT, FORKED, REWRITTEN, SHRUNK
from shared.keys import load_trust, root_signer
from tests.auditing import (
    History,
    Lines,
    entries_of,
    entry,
    export_to,
    expunge,
    published,
    renumber,
    write,
)
from tests.kernel import eventually
from tests.processes import fork
from tests.revoking import end_at, revoked


@pytest.fixture
async def log(history: History, tmp_path: Path) -> Path:
    return await published(history, tmp_path / "log")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Say where the auditor keeps what was seen."""
    return tmp_path / "auditor"


Look = tuple[int, dict[str, Any]]


async def look(
    history: History, folder: Path, log: Path, *more: str | Path, **changes: str
) -> Look:
    """Look once in a process of its own: exit code, and what it said."""
    words = ("audit", "watch", folder, "--log", log, "--once", "--json", *more)
    code, out = await expunge({**history.environment, **changes}, *words)
    return code, orjson.loads(out) if out else {}


async def seen(history: History, exported: Path, folder: Path, log: Path) -> tuple[Lines, int]:
    """Export the topic and look at it once: its lines, and where it ended."""
    lines = await export_to(history, exported)
    await look(history, folder, log, "--from", exported)
    return lines, lines[0]["spans"][0][1]


def contradictions(folder: Path) -> list[Path]:
    return list(folder.glob("contradiction-*"))


def whats(said: Mapping[str, Any]) -> list[str]:
    return [one["what"] for one in said["findings"]["first"]]


async def test_a_sound_log_that_grows_is_found_sound(
    history: History, folder: Path, log: Path
) -> None:
    first = await look(history, folder, log)
    saga = await history.on.whole_saga()
    async with history.on.working():
        await history.on.certified(saga)
        await history.on.told_of(saga)
    await published(history, log)

    second = await look(history, folder, log)
    third = await look(history, folder, log)

    assert [code for code, _ in (first, second, third)] == [0, 0, 0]
    assert first[1]["leaves"]["kept"] is None
    assert second[1]["leaves"]["kept"] == first[1]["leaves"]["public"]
    assert second[1]["leaves"]["public"] > first[1]["leaves"]["public"]
    assert third[1]["leaves"]["kept"] == third[1]["leaves"]["public"]


async def test_an_older_head_in_the_place_of_the_newest_is_a_tail_that_was_cut(
    history: History, folder: Path, log: Path
) -> None:
    """Whoever has the database has every head that was signed, and no key."""
    await look(history, folder, log)
    newest = Checkpoint.read((log / "checkpoint").read_bytes()).size
    note = await history.on.value("select note from log_checkpoint order by size limit 1")
    (log / "checkpoint").write_bytes(note)

    code, said = await look(history, folder, log)
    again, _ = await look(history, folder, log)

    what = SHRUNK.format(now=Checkpoint.read(note).size, then=newest)
    assert (code, whats(said)[0], again) == (1, what, 1)


async def test_a_head_that_nobody_signed_is_not_kept(
    history: History, folder: Path, log: Path
) -> None:
    await look(history, folder, log)
    kept = (folder / "kept.json").read_bytes()
    head = Checkpoint.read((log / "checkpoint").read_bytes())
    signer = history.on.signer("newsletter")
    (log / "checkpoint").write_bytes(Checkpoint(head.origin, head.size, bytes(32)).sign(signer))

    code, said = await look(history, folder, log)

    assert code == 1
    assert "is not signed by a key of the log" in whats(said)[0]
    assert orjson.loads((folder / "kept.json").read_bytes())["head"] == orjson.loads(kept)["head"]


async def test_two_heads_over_two_histories_are_kept_as_evidence(
    history: History, folder: Path, log: Path
) -> None:
    """Whoever has the log's key too can sign a second history, and is convicted by it."""
    await look(history, folder, log)
    head = Checkpoint.read((log / "checkpoint").read_bytes())
    forged = Checkpoint(head.origin, head.size, bytes(32)).sign(
        history.on.signer("erasure", Role.LOG)
    )
    (log / "checkpoint").write_bytes(forged)

    code, said = await look(history, folder, log)

    (evidence,) = contradictions(folder)
    assert (code, FORKED in whats(said)) == (1, True)
    assert evidence.read_bytes() == forged
    kept = orjson.loads((folder / "kept.json").read_bytes())["head"]
    assert Checkpoint.read(kept.encode()) == head


async def test_a_public_head_by_a_key_that_was_revoked_before_is_not_kept(
    history: History, folder: Path, log: Path, tmp_path: Path
) -> None:
    settings, trust = history.on.settings, tmp_path / "trust.json"
    key = history.on.signer("erasure", Role.LOG).key_id
    trust.write_bytes(revoked(load_trust(settings), root_signer(settings), key, end_at(3)))

    code, said = await look(history, folder, log, "--trust", trust)

    (evidence,) = contradictions(folder)
    assert (code, whats(said)) == (1, [OUTLIVED])
    assert evidence.read_bytes() == (log / "checkpoint").read_bytes()
    assert orjson.loads((folder / "kept.json").read_bytes())["head"] is None


async def test_a_leaf_that_was_changed_below_the_head_is_named(
    history: History, folder: Path, log: Path
) -> None:
    """Whoever has the database writes other leaves, and leaves the head as it is."""
    await look(history, folder, log)
    bundle = entries_of(log)
    content = bytearray(bundle.read_bytes())
    content[-1] ^= 1
    bundle.write_bytes(content)

    code, said = await look(history, folder, log)

    assert code == 1
    assert [one["kind"] for one in said["findings"]["first"]] == ["forged", "forged"]
    assert "of the log is not the certificate that the topic names" in whats(said)[0]


async def test_a_tail_that_was_cut_off_an_export_is_named_with_its_offset(
    history: History, exported: Path, folder: Path, log: Path
) -> None:
    lines, end = await seen(history, exported, folder, log)
    write(exported, _without_tail(lines, 3))

    code, said = await look(history, folder, log, "--from", exported)

    assert code == 1
    assert CUT.format(at=0, then=end) in whats(said)


def _without_tail(lines: Lines, count: int) -> Lines:
    less = [dict(line) for line in lines[:-count]]
    renumber(less)
    return less


async def test_a_beginning_that_was_rewritten_is_named(
    history: History, exported: Path, folder: Path, log: Path
) -> None:
    """A copy of the first entry moves all others, which nothing on the topic contradicts."""
    lines, end = await seen(history, exported, folder, log)
    lines.insert(1, dict(lines[1]))
    renumber(lines)
    write(exported, lines)

    code, said = await look(history, folder, log, "--from", exported)

    assert (code, whats(said)) == (1, [REWRITTEN.format(at=0, then=end)])


async def test_a_service_that_is_left_out_is_told_once(
    history: History, exported: Path, folder: Path, log: Path
) -> None:
    lines, _ = await seen(history, exported, folder, log)
    less = RegisterPublished(version=2, participants=("newsletter", "rights"))
    record, proof = history.on.seal(history.on.signer("erasure"), [less])
    lines.append(entry(record, proof))
    renumber(lines)
    write(exported, lines)

    looks = [await look(history, folder, log, "--from", exported) for _ in range(2)]

    assert [code for code, _ in looks] == [1, 0]
    assert [len(said["news"]) for _, said in looks] == [1, 0]
    assert looks[0][1]["news"][0].startswith("events was left out by register version 2")


async def test_a_look_that_is_killed_leaves_what_was_kept(
    history: History, exported: Path, folder: Path, log: Path
) -> None:
    lines = await export_to(history, exported)
    write(exported, _without_tail(lines, 1))
    await look(history, folder, log, "--from", exported)
    before = (folder / "kept.json").read_bytes()
    write(exported, lines)

    killed, _ = await look(
        history, folder, log, "--from", exported, EXPUNGE_CRASH_AT="watch:before-kept"
    )
    kept = (folder / "kept.json").read_bytes()
    code, _ = await look(history, folder, log, "--from", exported)

    assert (killed, kept, code) == (-signal.SIGKILL, before, 0)
    assert (folder / "kept.json").read_bytes() != before


async def test_nobody_else_works_in_the_folder_and_nothing_else_is_in_it(
    history: History, folder: Path, log: Path
) -> None:
    await look(history, folder, log)
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        taken, _ = await look(history, folder, log)
    (folder / "kept.json").write_text("{}")
    strange, _ = await look(history, folder, log)
    nowhere, _ = await look(history, folder.with_name("new"), folder)

    assert (taken, strange, nowhere) == (2, 2, 3)
    assert (folder / "kept.json").read_text() == "{}"


async def test_it_looks_until_it_is_told_to_end(history: History, folder: Path, log: Path) -> None:
    out = folder.with_name("out")
    words = ["audit", "watch", str(folder), "--log", str(log), "--every", "1", "--json"]
    with out.open("wb") as stream:
        process = fork(words, history.environment, stdout=stream)

    async def looked_twice() -> bool:
        return out.read_bytes().count(b"\n") > 1

    await eventually(looked_twice)
    process.terminate()
    code = await asyncio.to_thread(process.wait, 30)

    assert code == 0
    assert {orjson.loads(line)["alarm"] for line in out.read_bytes().splitlines()} == {False}


async def test_what_is_due_is_late_by_the_auditors_own_clock(
    history: History, folder: Path, log: Path
) -> None:
    """Nobody has to say anything any more for it to be late."""
    saga = await history.on.ask(due_at=datetime.now(UTC) + timedelta(milliseconds=1))

    code, said = await look(history, folder, log)
    replayed, _ = await history.expunge("audit", "replay")

    late = said["findings"]["first"][0]
    assert (code, late["kind"], late["request"]) == (1, "late", str(saga.id))
    assert replayed == 0


async def test_a_topic_whose_tail_is_gone_from_the_broker_is_seen(
    history: History, exported: Path, folder: Path, log: Path
) -> None:
    """Whoever runs the broker makes the topic anew, with all but the last certificates."""
    lines = await export_to(history, exported)
    await look(history, folder, log)
    await _made_anew(history, lines[1:-6])

    code, said = await look(history, folder, log)
    whole, _ = await history.expunge("audit", "replay", "--json")

    assert code == 1
    assert CUT.format(at=0, then=lines[0]["spans"][0][1]) in whats(said)
    assert any(what.startswith("the checkpoint is over") for what in whats(said))
    assert whole == 0, "a topic alone does not tell that its tail is gone"


async def _made_anew(history: History, lines: Lines) -> None:
    settings = history.on.settings
    topic = settings.topic(ERASURE.name)
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    try:
        await admin.delete_topics([topic])
        await eventually(partial(_is_gone, admin, topic))
        await admin.create_topics(
            [NewTopic(topic, 1, 1, topic_configs=ERASURE.config(timedelta()))]
        )
    finally:
        await admin.close()
    for line in lines:
        await history.on.producer.send_and_wait(
            topic,
            value=base64.b64decode(line["value"]),
            partition=0,
            headers=[(name, base64.b64decode(raw)) for name, raw in line["headers"]],
        )


async def _is_gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await admin.list_topics()
