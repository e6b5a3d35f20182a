"""A topic of several partitions does not tell the order of its log: the published log does."""

from pathlib import Path

import orjson
import pytest

from contracts.bundle import SUFFIX, Bundle
from contracts.tlog.checkpoint import LogProof
from contracts.topics import ERASURE
from services.erasure.audit.verifying import OTHER_HEAD
from shared.settings import Settings
from tests.audit.handed_in import handed_in, problems, shown_another_log, verify
from tests.auditing import History, export_to, published

PARTITIONS = 8


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Change what a topic is made with."""
    return settings.model_copy(update={"partitions": {ERASURE.name: PARTITIONS}})


async def test_an_auditor_reads_every_partition_from_the_broker_and_holds_the_log_against_it(
    history: History, tmp_path: Path
) -> None:
    log = await published(history, tmp_path / "log")

    words = ("--from", "kafka", "--log", log, "--json")
    replayed, said = await history.expunge("audit", "replay", *words)
    watched, _ = await history.expunge("audit", "watch", tmp_path / "auditor", *words, "--once")

    spans = orjson.loads(said)["spans"]
    assert (replayed, watched, len(spans)) == (0, 0, PARTITIONS)
    assert sum(end > begin for begin, end in spans) > 1


async def test_a_log_of_their_own_is_seen_against_the_published_one_alone(
    history: History, exported: Path, tmp_path: Path
) -> None:
    lines = await export_to(history, exported)
    folder = await handed_in(history, tmp_path / "bundles")
    log = await published(history, tmp_path / "log")
    sound = await verify(history, folder, "--from", exported, "--log", log)
    file = folder / f"0{SUFFIX}"
    bundle = Bundle.from_json(file.read_bytes())
    shown_another_log(history, file, LogProof.read(bundle.log_proof or "").at)

    by_topic = await verify(history, folder, "--from", exported)
    by_log = await verify(history, folder, "--from", exported, "--log", log)

    assert len({line["partition"] for line in lines[1:]}) > 1
    assert (sound[0], problems(sound[1]), sound[2]["findings"]["total"]) == (0, [""] * 3, 0)
    assert (by_topic[0], problems(by_topic[1])) == (0, [""] * 3), "its index is the right one"
    assert (by_log[0], problems(by_log[1])) == (1, ["", "", "", OTHER_HEAD])
