"""What those who work here do, all of it by command: organiser, editor, clerk."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from demo.people import Cast, Member
from demo.stage import Stage

ISSUE = Path(__file__).with_name("issue")
PROMOTION = Path(__file__).with_name("promotion")
INVOICE = "R-2026-0711"
# The day of the webinar is not waited for: its dates move, and nothing of the people's data.
TODAY = """
update gathering
   set begins_at = now() - interval '2 hours', ends_at = now() - interval '1 hour'
 where gathering_id = $1::text::uuid
"""


async def enter_gatherings(stage: Stage) -> tuple[str, str]:
    """Enter a webinar and a training; gives their ids."""
    stage.checks.chapter("The organiser enters two gatherings")
    day = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"

    async def enter(kind: str, german: str, english: str) -> str:
        made = await stage.ask(
            f"a {kind} of 20 seats",
            *("events", "create", kind, "--title-de", german, "--title-en", english),
            *("--place", "Bonn", "--capacity", "20", "--date", f"{day} 09:00 - 17:00"),
        )
        return str(made["id"])

    webinar, training = await asyncio.gather(
        enter("webinar", "Archiv im Alltag", "Everyday archives"),
        enter("training", "Rechnungen ordnen", "Invoices in order"),
    )
    return webinar, training


async def send_mails(stage: Stage, cast: Cast) -> None:
    """Send an issue to all subscribers, and a promotion to who agrees to that now."""
    stage.checks.chapter("The editor sends a newsletter and a promotion")
    issue, promotion = await asyncio.gather(
        stage.ask("an issue of the newsletter", "newsletter", "send", str(ISSUE)),
        stage.ask("a promotion to account holders", "registration", "promote", str(PROMOTION)),
    )
    for one in cast.members:
        await one.mail(_subject("archive this month", "Archiv"), "the issue")
    await cast.ada.mail(_subject("A guide"), "the promotion")
    stage.checks.holds("the issue is in every mailbox", true=issue["sent"] == len(cast.members),
                       seen=f"{issue['sent']} mails")  # fmt: skip
    letters = [mail for mail in await cast.ben.mails() if "Leitfaden" in mail["subject"]]
    only = promotion["sent"] == 1 and not letters
    stage.checks.holds("the promotion is in Ada's alone: Ben took that back", true=only,
                       seen=f"{promotion['sent']} mail")  # fmt: skip


async def answer_letter(stage: Stage, cast: Cast, reference: str) -> None:
    """Answer Emil's message and close it: then it is deleted."""
    emil = cast.emil
    stage.checks.chapter("The clerk answers Emil, and closes the matter")
    told = await stage.command("what waits", "contact", "queue", "--json")
    cases = {one["reference"]: str(one["id"]) for one in orjson.loads(told)["cases"]}
    silent = len(cases) == len((cast.ada, emil)) and "@" not in told
    stage.checks.holds("two messages, and the list names nobody", true=silent, seen=reference)
    case = cases[reference]
    await stage.ask("the answer", "contact", "answer", case, typed="No ticket is needed.")
    mail = await emil.mail(_subject("Our answer"), "the answer")
    read = "No ticket is needed." in mail["text"]
    stage.checks.holds("Emil reads it in his mailbox", true=read, seen=str(mail["subject"]))
    closing = ("contact", "close", case, "--duty", "none")
    await stage.ask("nothing is open any more, and no law keeps it", *closing)

    async def gone() -> bool:
        rows = await stage.rows("contact", "select subject_id from inquiry")
        return case not in {str(row["subject_id"]) for row in rows}

    await stage.come("so it is deleted, letters and address", gone, seen="Ada's still waits")


async def hold_webinar(stage: Stage, webinar: str, ada: Member) -> None:
    """Let the webinar take place: attendance, conclusion, survey, reading material."""
    stage.checks.chapter("The webinar takes place (its day is moved to today, not waited for)")
    await stage.rows("events", TODAY, webinar)
    seats = await _seats(stage, webinar, "who has a seat")
    there = [part for one in seats for part in ("--there", one["id"])]
    await stage.ask("Ada and Ben were there", "events", "attendance", webinar, *there)
    what = "over: who was there and agreed is asked, the others go"
    asked = await stage.ask(what, "events", "conclude", webinar)
    stage.checks.holds("Ada alone agreed to a survey", true=asked["asked"] == 1, seen="1 mail")

    async def forgotten() -> bool:
        sql = "select from seat where gathering_id = $1::text::uuid"
        return len(await stage.rows("events", sql, webinar)) == 1

    await stage.come("Ben's seat is deleted: its purpose has ended", forgotten, seen="1 seat left")
    answers = {"overall": "good", "interest": "archive"}
    answer = await ada.fill(await ada.link("/events/survey/"), answers)
    stage.led("Ada answers three questions", answer, "/thanks/material")
    await ada.link("/events/reading/")
    stage.checks.holds("what suits her answers comes by mail; a letter waits", true=True)


async def bill(stage: Stage, training: str, cleo: Member) -> None:
    """Write the invoice of the paid training: a law keeps it longer than the seat."""
    stage.checks.chapter("Cleo gets an invoice for the training, which a law keeps")
    seats = await _seats(stage, training, "who has a seat")
    seat = next(one["id"] for one in seats if one["last_name"] == cleo.words["last_name"])
    invoice = ("--invoice", INVOICE, "--amount", "590.00")
    what = "its words are to be held, and nothing else of hers"
    held = await stage.ask(what, "events", "hold", str(seat), *invoice)
    stage.checks.quote(f"{held['ground']}, until {held['until']}")


async def _seats(stage: Stage, gathering: str, what: str) -> list[dict[str, Any]]:
    told = await stage.ask(what, "events", "attendance", gathering)
    return list(told["seats"])


def _subject(*parts: str) -> Any:
    return lambda mail: any(part in mail["subject"] for part in parts)
