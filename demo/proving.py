"""What holds in the end: certificates, the auditor's replay, and a search byte by byte."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from contracts.topics import TOPICS
from demo.leaving import Erased
from demo.people import ADA, BEN, CLEO, EMIL, Invented, Member
from demo.stage import Stage, places
from shared.search.places import Found

VERIFIER = Path(__file__).parents[1] / "contracts" / "verify_bundle.py"
HELD = """
select fields->>'table' as name, ground, reference, until,
       (select string_agg(one, ', ') from jsonb_object_keys(fields->'row') one) as columns
  from held
 order by name
"""
Before = Mapping[str, list[Found]]


async def remember(stage: Stage) -> Before:
    """Find everybody who stays, to compare with later."""
    found = await asyncio.gather(*(stage.everywhere(one.markers) for one in (BEN, EMIL)))
    return {one.name: rows for one, rows in zip((BEN, EMIL), found, strict=True)}


async def verify(stage: Stage, ada: Erased, cleo: Erased) -> None:
    """Check both certificates offline: with our command, and with the one file alone."""
    stage.checks.chapter("Anybody verifies the certificates offline")
    trust = ("--trust", str(stage.settings.trust))
    told = await stage.command("Ada's: complete", "verify", str(ada.bundle), *trust)
    # What nobody but the issuer states is in the full report; here, what was checked.
    stage.checks.quote(told.partition("stated by the issuer alone")[0])
    report = await stage.process(
        "Cleo's, with the verifier's one file alone",
        *(sys.executable, "-I", str(VERIFIER), str(cleo.bundle), "--json"),
        called="python verify_bundle.py",
    )
    said = orjson.loads(report)["certificate"]
    kept = {one["service"]: one["held"] for one in said["participants"] if one["held"]}
    what = f"it says {said['outcome']}, and names one slice"
    only = said["outcome"] == "complete-with-retention" and set(kept) == {"events"}
    stage.checks.holds(what, true=only, seen=", ".join(kept))
    for one in kept.get("events", ()):
        stage.checks.quote(f"{one['ground']} {one['reference']}, until {one['until']}")


async def replay(stage: Stage) -> None:
    """Work out everything again from the topic, as an auditor."""
    stage.checks.chapter("An auditor replays the topic; the policy's times are looked at")
    arguments = ("audit", "replay", "--certificates", "database")
    told, kept = await asyncio.gather(
        stage.command("every receipt and both certificates again", *arguments),
        stage.command("nothing is overdue", "retention", "--json"),
    )
    wanted = ("sagas", "outcomes", "forgotten", "certificates", "findings", "state")
    stage.checks.quote("\n".join(line for line in told.splitlines() if line.startswith(wanted)))
    held = {one["service"]: one["held"] for one in orjson.loads(kept) if one["held"]}
    stage.checks.holds(
        "one slice holds something, by law", true=set(held) == {"events"}, seen="events"
    )


async def search(stage: Stage, before: Before) -> None:
    """Look for everybody everywhere we keep something."""
    stage.checks.chapter("Byte by byte: databases, planner statistics, topics, mail rows, logs")
    ada, ben, cleo, emil = await asyncio.gather(
        *(stage.everywhere(one.markers) for one in (ADA, BEN, CLEO, EMIL))
    )
    searched = f"{len(stage.databases)} databases, {len(TOPICS)} topics, all logs"
    stage.checks.holds("Ada is named nowhere", true=not ada, seen=places(ada) or searched)
    await _held_alone(stage, cleo)
    for one, rows in ((BEN, ben), (EMIL, emil)):
        _untouched(stage, one, before[one.name], rows)


async def _held_alone(stage: Stage, found: list[Found]) -> None:
    """Say that Cleo is named by what a law keeps alone; show it."""
    alone = [one.place.rpartition(":")[2] for one in found] == ["public.held"]
    stage.checks.holds("Cleo is named by the held invoice alone", true=alone, seen=places(found))
    for row in await stage.rows("events", HELD):
        said = f"{row['name']}: {row['columns']}; {row['ground']} {row['reference']}"
        stage.checks.quote(f"{said}, until {row['until']:%Y-%m-%d}")


def _untouched(stage: Stage, one: Invented, before: list[Found], found: list[Found]) -> None:
    same = bool(found) and found == before
    seen = places(found) if same else f"{places(before)} became {places(found)}"
    stage.checks.holds(f"{one.name} is untouched", true=same, seen=seen)


async def come_back(stage: Stage, ada: Member) -> None:
    """Sign up again: nothing blocks her, nothing is inherited."""
    stage.checks.chapter("Ada comes back and is a stranger")
    before = len(await ada.mails())
    await ada.fill("/en/newsletter/subscribe", {"email": ada.address})
    answer = await ada.fill(await ada.link("/newsletter/confirm/", after=before))
    stage.led("a new subscription, confirmed", answer, "/newsletter/confirmed")
    inherited = await stage.everywhere(ada.markers[1:])
    stage.checks.holds(
        "nothing of before came with her", true=not inherited, seen=places(inherited)
    )
