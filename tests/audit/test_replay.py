"""The auditor sees what was done to a topic, and says the same on every machine."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from contracts.fields import RevokedFrom
from contracts.messages import KeyRevoked, RegisterPublished
from contracts.topics import ERASURE
from contracts.vocabulary import Role
from shared.keys import load_trust, root_signer, signer_for
from tests.auditing import History, at, entry, export_to, renumber, spoil, write
from tests.kernel import sealed
from tests.revoking import revoked


async def replay_of(history: History, file: Path, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Write an export anew and replay it; there must be a finding."""
    write(file, lines)
    code, out = await history.expunge("audit", "replay", "--from", file, "--json")
    found: dict[str, Any] = json.loads(out)["findings"]
    assert code == 1
    return found


async def test_a_sound_topic_has_no_findings(history: History) -> None:
    code, out = await history.expunge("audit", "replay", "--certificates", "database", "--json")

    said = json.loads(out)
    assert (code, said["findings"]["total"], said["certificatesCompared"]) == (0, 0, 3)
    assert said["sagas"] == {
        "certified": 3,
        "complete": 3,
        "completeWithRetention": 0,
        "ended": 1,
        "open": 1,
    }


async def test_topic_and_export_give_the_same_bytes(history: History, exported: Path) -> None:
    await export_to(history, exported)

    replays = [
        await history.expunge("audit", "replay"),
        await history.expunge("audit", "replay"),
        await history.expunge("audit", "replay", "--from", exported),
    ]

    assert replays[0] == replays[1] == replays[2]


async def test_a_changed_receipt_is_named_by_its_place(history: History, exported: Path) -> None:
    lines = await export_to(history, exported)
    place = at(lines, "slice-erased", 1)
    spoil(lines[place], b'"subscriber":1', b'"subscriber":2')

    found = await replay_of(history, exported, lines)

    first = found["first"][0]
    assert (first["kind"], first["offset"]) == ("forged", lines[place]["offset"])


async def test_an_entry_that_was_taken_out_is_missed(history: History, exported: Path) -> None:
    lines = await export_to(history, exported)
    place = at(lines, "slice-verified")
    offset = lines.pop(place)["offset"]

    found = await replay_of(history, exported, lines)

    assert found["first"][0]["kind"] == "missing"
    assert f"offsets {offset} to {offset}" in found["first"][0]["what"]


async def test_a_read_back_that_never_was_makes_the_certificate_forged(
    history: History, exported: Path
) -> None:
    lines = await export_to(history, exported)
    lines.pop(at(lines, "slice-verified"))
    renumber(lines)

    found = await replay_of(history, exported, lines)

    assert [one["kind"] for one in found["first"]] == ["forged"]
    assert "events: read-back" in found["first"][0]["what"]


async def test_a_tail_that_was_cut_off_is_missed(history: History, exported: Path) -> None:
    lines = await export_to(history, exported)

    found = await replay_of(history, exported, lines[:-2])

    assert found["first"][0]["place"] == "partition 0"


async def test_a_copy_of_a_record_is_no_finding(history: History, exported: Path) -> None:
    before = await history.expunge("audit", "replay", "--json")
    lines = await export_to(history, exported)
    for kind in ("slice-erased", "erasure-requested", "erasure-certified"):
        place = at(lines, kind)
        lines.insert(place + 1, dict(lines[place]))  # before the certificate
        lines.append(dict(lines[place]))  # and after it
    renumber(lines)
    write(exported, lines)

    code, out = await history.expunge("audit", "replay", "--from", exported, "--json")

    assert (code, json.loads(out)["state"]) == (0, json.loads(before[1])["state"])


async def test_a_certificate_with_other_bytes_is_forged(history: History) -> None:
    request_id = history.certified[1].id
    kept = await history.on.certificate(request_id)
    await history.on.set_certificate(request_id, b"{}")

    code, out = await history.expunge("audit", "replay", "--certificates", "database", "--json")
    await history.on.set_certificate(request_id, kept or b"")

    found = json.loads(out)["findings"]["first"]
    assert code == 1
    assert {(one["kind"], one["request"]) for one in found} == {("forged", str(request_id))}
    assert [one["what"] for one in found] == [
        "a certificate that the erasure service did not sign",
        "the certificate has another digest than erasure-certified",
    ]


async def test_what_cannot_be_read_is_no_verdict(history: History, exported: Path) -> None:
    write(exported, [{"nothing": "of ours"}])
    elsewhere = {**history.environment, "EXPUNGE_NAMESPACE": "nowhere_"}

    codes = [
        (await history.expunge("audit", "replay", "--from", exported))[0],
        (await History(history.on, elsewhere, [], history.open).expunge("audit", "replay"))[0],
    ]

    assert codes == [3, 3]


def revocation(history: History, service: str, offset: int) -> KeyRevoked:
    place = RevokedFrom(topic=ERASURE.name, partition=0, offset=offset)
    key = signer_for(history.on.settings, service, Role.SERVICE).key_id
    return KeyRevoked(key_id=key, places=(place,))


def append(history: History, lines: list[dict[str, Any]], message: KeyRevoked) -> None:
    """Let the root key say something at the end of an export."""
    ((record, proof),) = sealed([message], root_signer(history.on.settings))
    headers = [[name, base64.b64encode(value).decode()] for name, value in proof.headers()]
    value = base64.b64encode(record.value).decode()
    end = lines[0]["spans"][0][1]
    lines.append({**lines[-1], "offset": end, "headers": headers, "value": value, "key": None})
    lines[0]["spans"] = [[0, end + 1]]


async def test_what_a_key_said_before_its_revocation_stays(
    history: History, exported: Path
) -> None:
    lines = await export_to(history, exported)
    append(history, lines, revocation(history, "newsletter", lines[-1]["offset"] + 1))
    write(exported, lines)

    code, _ = await history.expunge("audit", "replay", "--from", exported)

    assert code == 0


async def test_a_revocation_that_comes_later_than_its_place_is_held_against_what_was_believed(
    history: History, exported: Path
) -> None:
    lines = await export_to(history, exported)
    place = lines[at(lines, "slice-erased", 1)]["offset"]
    append(history, lines, revocation(history, "newsletter", place))

    found = await replay_of(history, exported, lines)

    assert [one["kind"] for one in found["first"]] == ["forged"]
    assert "was revoked later" in found["first"][0]["what"]


async def test_with_the_revocation_in_the_list_each_line_is_named(
    history: History, exported: Path, tmp_path: Path
) -> None:
    lines = await export_to(history, exported)
    first = lines[at(lines, "slice-erased", 1)]["offset"]
    message = revocation(history, "newsletter", first)
    trust, root = load_trust(history.on.settings), root_signer(history.on.settings)
    file = tmp_path / "trust.json"
    file.write_bytes(revoked(trust, root, message.key_id, *message.places))

    code, out = await history.expunge(
        "audit", "replay", "--from", exported, "--trust", file, "--json"
    )

    named = [
        one["offset"] for one in json.loads(out)["findings"]["first"] if "revoked" in one["what"]
    ]
    theirs = bytes.fromhex(message.key_id)
    assert code == 1
    assert named == [
        line["offset"]
        for line in lines[1:]
        if line["offset"] >= first and base64.b64decode(dict(line["headers"])["key"]) == theirs
    ]


async def test_two_machines_say_the_same_bytes(
    history: History, exported: Path, tmp_path: Path
) -> None:
    """Fresh interpreters that differ in hash seed, time zone, locale and folder."""
    lines = await export_to(history, exported)
    lines[0]["spans"][0][1] += 2  # a finding, and more than one order to write things in
    write(exported, lines)
    root = str(Path(__file__).parents[2])
    said = []
    replay = (sys.executable, "-m", "services.cli", "audit", "replay", "--json", "--from")
    for seed, zone, locale, folder in (
        ("1", "Pacific/Kiritimati", "C", root),
        ("4711", "America/St_Johns", "de_DE.UTF-8", str(tmp_path)),
    ):
        own = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PYTHONPATH": root}
        process = await asyncio.create_subprocess_exec(
            *replay,
            exported,
            cwd=folder,
            env={**os.environ, **history.environment, **own},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        said.append((process.returncode, out))

    assert said[0] == said[1]
    assert said[0][0] == 1


async def test_a_register_version_that_leaves_a_service_out_is_noted(
    history: History, exported: Path
) -> None:
    """It may have retired: nothing is wrong, and somebody should ask."""
    lines = await export_to(history, exported)
    less = RegisterPublished(version=2, participants=("newsletter", "rights"))
    again = RegisterPublished(version=2, participants=("newsletter", "rights"))
    for message in (less, again):
        lines.append(entry(*history.on.seal(history.on.signer("erasure"), [message])))
    renumber(lines)
    write(exported, lines)

    code, out = await history.expunge("audit", "replay", "--from", exported, "--json")
    _, text = await history.expunge("audit", "replay", "--from", exported)

    what = "events was left out by register version 2: nobody asks it any more"
    place = {"partition": 0, "offset": len(lines) - 3, "line": 0}
    at = f"partition 0 offset {len(lines) - 3} line 0"
    assert (code, json.loads(out)["notes"]) == (0, [{"what": what, "place": at, **place}])
    assert f"{at}: {what}" in text.decode()
