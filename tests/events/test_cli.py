"""Organisers at the command line: the same acts as at the desk, and the hold of an invoice."""

import asyncio
import csv
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from typer.testing import CliRunner

from contracts.messages import SliceErased
from contracts.vocabulary import Ground, Outcome
from services.disclosures import disclosures
from services.events.cli import app
from services.events.rules.invoice import BadInvoice, kept_until, read_amount, read_number
from shared.database import Database
from shared.settings import Settings
from tests.conftest import as_environment
from tests.events.site import NAME, Events
from tests.processes import run

ENTRY = ("--title-de", "Ordnung", "--title-en", "Order", "--place", "Bonn", "--capacity", "9")
DATE = ("--date", "2099-03-01 09:00 - 17:00")
ANSWERS = {"overall": "good", "interest": "archive"}
DISCLOSED = """
    insert into disclosure
    values (gen_random_uuid(), $1, 'post', 'event.material', '{name}', 'a', 'x', 'theirs', now())
"""
NOTED = "select count(*) from attendance where subject_id = any($1)"
RESTRICT = "update subject set restricted_at = now() where subject_id = $1"
ADDRESS = {"street": "Weg 1", "postal_code": "12345", "city": "Bonn"}


@pytest.fixture(scope="module", autouse=True)
def _environment(settings: Settings) -> Iterator[None]:
    """Let commands read the settings of this module, as they do from their environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in as_environment(settings).items():
            patch.setenv(name, value)
        yield


def modes(folder: Path) -> list[int]:
    """Give who may do what with each file of a folder."""
    return [path.stat().st_mode & 0o777 for path in folder.iterdir()]


async def command(events: Events, *words: str) -> tuple[int, str, str]:
    """Run `expunge events ...`; gives exit code, standard output and standard error."""
    del events
    ended = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    return ended.exit_code, ended.stdout, ended.stderr


async def test_the_commands_are_part_of_expunge(events: Events) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"

    said = await run([NAME, "cancel", nobody], as_environment(events.settings))

    assert (said.code, said.out) == (1, "")
    assert "There is nothing here" in said.error


async def told(events: Events, *words: str) -> dict[str, Any]:
    """Run a command that succeeds, and read its one JSON object."""
    code, out, error = await command(events, *words, "--json")
    assert code == 0, error
    answer: dict[str, Any] = orjson.loads(out)
    return answer


async def test_a_gathering_is_entered_listed_moved_and_cancelled(events: Events) -> None:
    entered = (await told(events, "create", "training", *ENTRY, *DATE, "--invited-only"))["id"]
    listed = (await told(events, "list"))["gatherings"]
    links = await told(events, "invite", entered)
    moved = await told(events, "move", entered, "--date", "2099-04-01 09:00 - 17:00")
    cancelled = await told(events, "cancel", entered)
    again, _, sentence = await command(events, "cancel", entered)

    (one,) = [each for each in listed if each["id"] == entered]
    assert (one["kind"], one["listed"], one["capacity"]) == ("training", False, 9)
    assert links["en"].startswith(f"{events.settings.public_url}/en/events/register/")
    assert (moved, cancelled) == ({"told": 0}, {"told": 0})
    assert again == 1
    assert "was concluded or cancelled already" in sentence


@pytest.mark.rule("R-EV-09")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "event", *ENTRY), 2),
        (("create", "event", *ENTRY, "--date", "2099-03-01 17:00 - 09:00"), 1),
        (("create", "event", *ENTRY, "--date", "2020-03-01 09:00 - 17:00"), 1),
        (("create", "party", *ENTRY, *DATE), 1),
        (("conclude", "00000000-0000-4000-8000-000000000000"), 1),
        (("dispatch", "archive-guide"), 1),
    ],
    ids=lambda value: str(value)[-40:],
)
async def test_what_may_not_be_is_a_sentence_and_an_exit_code(
    events: Events, words: tuple[str, ...], code: int
) -> None:
    before = await events.count("select count(*) from gathering")

    ended, out, sentence = await command(events, *words)

    assert (ended, out) == (code, "")
    assert len(sentence) > 20
    assert "Traceback" not in sentence
    assert await events.count("select count(*) from gathering") == before


async def test_attendance_conclusion_and_the_dispatch_list(events: Events, tmp_path: Path) -> None:
    gathering = await events.gathering(days=1)
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    absent = await events.registered(gathering, "survey")
    await events.pass_time(timedelta(days=1, hours=1))
    there, away = str(ada.subject_id), str(absent.subject_id)

    noted = await told(events, "attendance", str(gathering), "--there", there, "--absent", away)
    concluded = await told(events, "conclude", str(gathering))
    await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    waits = await told(events, "dispatch")
    out = tmp_path / "letters.csv"
    written = await told(events, "dispatch", "archive-guide", "--out", str(out))
    twice, _, _ = await command(events, "dispatch", "archive-guide", "--out", str(out))
    await events.clock()
    counts = await told(events, "counts", str(gathering))

    assert {one["id"]: one["attendance"] for one in noted["seats"]} == {
        there: "attended",
        away: "absent",
    }
    assert concluded == {"asked": 1}
    assert waits == {"waiting": {"archive-guide": 1}}
    assert written["letters"] == 1
    assert list(csv.reader(out.read_text().splitlines())) == [
        ["name", "street", "postal_code", "city"],
        ["Ada Lovelace", "Weg 1", "12345", "Bonn"],
    ]
    assert out.stat().st_mode & 0o077 == 0
    assert twice == 1
    assert await events.everything(ada.subject_id) == {}
    assert counts["overall"] == {"good": None}  # one answer is under the smallest count


@pytest.mark.rule("R-ACC-11")
async def test_the_invoice_of_a_paid_training_outlives_the_seat_until_its_day(
    events: Events,
) -> None:
    gathering = await events.gathering(kind="training")
    ada = await events.registered(gathering, company="Beispiel & Söhne", telephone="0228 1")
    other = await events.registered(gathering)
    seat = str(ada.subject_id)
    words = ("--invoice", "R-2027-1", "--amount", "590.00")

    placed = await told(events, "hold", seat, *words, "--until", "2037-12-31")
    taken, _, sentence = await command(events, "hold", str(other.subject_id), *words)
    wrong, _, _ = await command(events, "hold", seat, "--invoice", "R-1", "--amount", "free")
    await events.press(f"{ada.seat}/cancel")
    await events.clock()

    assert (placed["ground"], taken, wrong) == ("legal-obligation", 1, 1)
    assert "another seat's invoice" in sentence
    assert await events.everything(ada.subject_id) == {}
    receipt = (await events.told(SliceErased))[-1]
    assert receipt.outcome is Outcome.HELD
    (held,) = receipt.held
    assert (held.ground, held.reference, held.rows) == (Ground.LEGAL_OBLIGATION, "ao-147-3", 2)
    assert held.until == datetime(2037, 12, 31, 23, tzinfo=UTC)
    kept = await _held(events)
    assert kept["invoice"] == {
        "number": "R-2027-1",
        "amount_cents": 59_000,
        "issued_on": kept["invoice"]["issued_on"],
    }
    assert kept["seat"]["company"] == "Beispiel & Söhne"
    assert UUID(kept["seat"]["gathering_id"]) == gathering
    assert not {"email", "telephone", "subject_id"} & kept["seat"].keys()


async def _held(events: Events) -> dict[str, Any]:
    holder = await Database.connect(events.settings, NAME, "holder", size=1)
    async with holder.begin() as tx:
        rows = await tx.fetch("select fields from held")
    await holder.close()
    return {row["fields"]["table"]: row["fields"]["row"] for row in rows}


def test_an_invoice_is_kept_to_the_end_of_the_eighth_year() -> None:
    issued = datetime(2027, 5, 4, tzinfo=UTC).date()

    assert kept_until(issued) == datetime(2035, 12, 31, 23, tzinfo=UTC)
    assert [read_amount(text) for text in ("590", "590.00", "0,01")] == [59_000, 59_000, 1]
    for text in ("0", "-1", "1.5", "1e3", ""):
        with pytest.raises(BadInvoice):
            read_amount(text)
    for number in ("", "R 1", "R-" + "1" * 40, "=1"):
        with pytest.raises(BadInvoice):
            read_number(number)


@pytest.mark.rule("R-3P-03")
async def test_what_was_passed_on_can_be_listed_by_a_clerk(events: Events) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering)

    listed = ["list", NAME, str(ada.subject_id)]
    nothing = await asyncio.to_thread(CliRunner().invoke, disclosures, listed)
    async with events.app.begin() as tx:
        await tx.execute(DISCLOSED, ada.subject_id)
    one = await asyncio.to_thread(CliRunner().invoke, disclosures, [*listed, "--json"])
    unknown = await asyncio.to_thread(CliRunner().invoke, disclosures, ["list", "x", listed[2]])

    assert (nothing.exit_code, nothing.stdout) == (0, "Nothing was passed on.\n")
    (line,) = orjson.loads(one.stdout)["lines"]
    assert (line["recipient"], line["categories"]) == ("Print and post provider", ["name"])
    assert unknown.exit_code == 1


async def test_an_id_is_shown_as_the_next_command_takes_it(events: Events) -> None:
    gathering = await events.gathering(days=1)
    ada = await events.registered(gathering)
    late = (*ENTRY, "--date", "2098-06-02 00:30 - 01:30", "--date", "2098-06-02 00:30 - 01:30")
    made = (await told(events, "create", "event", *late))["id"]

    _, listed, _ = await command(events, "list")
    _, seats, _ = await command(events, "attendance", str(gathering))

    assert f"{gathering}: " in listed
    assert f"{made}: 2098-06-02 event" in listed  # the day in Berlin; there it is half past twelve
    assert f"{ada.subject_id}: Ada Lovelace" in seats


@pytest.mark.parametrize(
    "dates",
    [
        ("0001-01-01 00:00 - 09:00",),
        ("9999-12-31 09:00 - 23:00",),
        ("2207-03-01 09:00 - 17:00",),
        ("2099-03-01 09:00 - 10:00", "2099-03-01 09:00 - 11:00"),
    ],
    ids=str,
)
async def test_dates_that_nobody_means_are_refused_and_nothing_is_entered(
    events: Events, dates: tuple[str, ...]
) -> None:
    before = await events.count("select count(*) from gathering")
    words = [word for date in dates for word in ("--date", date)]

    code, _, sentence = await command(events, "create", "event", *ENTRY, *words)

    assert (code, sentence[:20]) == (1, "Write each date once")
    assert await events.count("select count(*) from gathering") == before


async def test_a_title_that_is_no_text_is_refused(events: Events) -> None:
    words = ("--title-de", "\udcff", *ENTRY[2:])

    code, _, sentence = await command(events, "create", "event", *words, *DATE)

    assert code == 1
    assert "a title in each language" in sentence


async def test_who_moves_a_gathering_to_the_dates_it_has_tells_nobody(events: Events) -> None:
    gathering = str(await events.gathering())
    await events.registered(gathering)

    first = await told(events, "move", gathering, *DATE)
    again = await told(events, "move", gathering, *DATE)

    assert (first, again) == ({"told": 1}, {"told": 0})


async def test_attendance_is_noted_for_the_gathering_that_was_named_and_once(
    events: Events,
) -> None:
    one, other = await events.gathering(days=1), await events.gathering(days=1)
    ada, ben = await events.registered(one), await events.registered(other)
    await events.pass_time(timedelta(days=1, hours=1))
    seat, strange = str(ada.subject_id), str(ben.subject_id)

    wrong = await command(events, "attendance", str(one), "--there", seat, "--there", strange)
    both = await command(events, "attendance", str(one), "--there", seat, "--absent", seat)
    unknown = await command(events, "attendance", strange)
    uncounted = await command(events, "counts", strange)

    for code, out, sentence in (wrong, both, unknown, uncounted):
        assert (code, out) == (1, "")
        assert len(sentence) > 15
    assert await events.count(NOTED, [ada.subject_id, ben.subject_id]) == 0


@pytest.mark.rule("R-18-01")
async def test_who_is_restricted_is_on_no_list_and_nothing_is_noted_of_them(
    events: Events,
) -> None:
    gathering = await events.gathering(days=1)
    ada, ben = await events.registered(gathering), await events.registered(gathering)
    await events.pass_time(timedelta(days=1, hours=1))
    async with events.eraser.begin() as tx:
        await tx.execute(RESTRICT, ada.subject_id)

    listed = await told(events, "attendance", str(gathering))
    seat = ("--there", str(ada.subject_id))
    code, out, sentence = await command(events, "attendance", str(gathering), *seat)

    assert [one["id"] for one in listed["seats"]] == [str(ben.subject_id)]
    assert (code, out) == (1, "")
    assert "may only be stored now" in sentence
    assert await events.count(NOTED, [ada.subject_id]) == 0


@pytest.mark.rule("R-17-01")
async def test_no_list_of_people_is_given_away_while_a_backup_may_have_brought_some_back(
    events: Events, tmp_path: Path
) -> None:
    gathering = await events.gathering()
    await events.registered(gathering)
    out = tmp_path / "letters.csv"
    async with events.app.begin() as tx:
        await tx.execute("update lease set until = now() where name like 'ready/%'")

    tried = [
        await command(events, "attendance", str(gathering)),
        await command(events, "dispatch", "archive-guide", "--out", str(out)),
    ]
    async with events.app.begin() as tx:
        await tx.execute("update lease set until = '2999-01-01' where name like 'ready/%'")

    for code, said, sentence in tried:
        assert (code, said) == (1, "")
        assert "until all messages are read" in sentence
    assert modes(tmp_path) == []


@pytest.mark.rule("R-ACC-11")
async def test_an_invoice_needs_a_last_day_that_can_come_and_says_which_one_holds(
    events: Events,
) -> None:
    ada = await events.registered(await events.gathering(kind="training"))
    words = ("hold", str(ada.subject_id), "--invoice", "R-2027-2", "--amount", "5")

    refused = [
        await command(events, *words, "--until", day)
        for day in ("2020-01-01", "2099-01-01", "9999-12-31")
    ]
    nothing = await events.count("select count(*) from invoice where number = 'R-2027-2'")
    law = await told(events, *words)
    earlier = await told(events, *words, "--until", f"{datetime.now(UTC).year + 1}-01-01")

    assert {one[0] for one in refused} == {1}
    assert {one[2] for one in refused} == {
        "A hold needs a last day that is still to come, within forty years.\n"
    }
    assert nothing == 0
    assert earlier["until"] == law["until"]  # of two last days the later one


@pytest.mark.rule("R-EV-07")
@pytest.mark.parametrize("point", ["dispatch:before-commit", "dispatch:after-commit"])
async def test_a_list_is_whole_or_not_there_wherever_its_command_is_killed(
    events: Events, tmp_path: Path, point: str
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, "survey", "material", by_post="yes", **ADDRESS)
    await events.held(gathering, ada)
    await events.press(await events.link(ada.address, "/survey/"), ANSWERS)
    out, second = tmp_path / "letters[1].csv", tmp_path / "second.csv"
    words = [NAME, "dispatch", "archive-guide", "--out", str(out)]

    environment = as_environment(events.settings)

    killed = await run(words, environment | {"EXPUNGE_CRASH_AT": point})
    left, between = modes(tmp_path), out.exists()
    again = await run(words, environment)
    async with asyncio.timeout(20):
        while ".part" in again.error:  # the server has not seen yet that nobody is there
            again = await run(words, environment)
    once_more, _, _ = await command(events, "dispatch", "archive-guide", "--out", str(second))

    assert (killed.code, left, between) == (-signal.SIGKILL, [0o600], False)
    if point == "dispatch:after-commit":
        assert (again.code, again.out) == (1, "")
        assert "The file is there now" in again.error
    else:
        assert again.code == 0
    assert once_more == 0
    assert out.read_text().splitlines()[1:] == ["Ada Lovelace,Weg 1,12345,Bonn"]
    assert second.read_text().splitlines()[1:] == []
    assert len(modes(tmp_path)) == 2


@pytest.mark.rule("R-EV-07")
async def test_a_list_of_a_run_that_nobody_knows_the_end_of_is_left_to_the_organiser(
    events: Events, tmp_path: Path
) -> None:
    out = tmp_path / "letters.csv"
    refused = []
    for number in ("9223372036854775807", "x"):
        part = tmp_path / f"letters.csv.{number}.part"
        part.touch()
        refused.append(await command(events, "dispatch", "archive-guide", "--out", str(out)))
        part.unlink()
    refused += [
        await command(events, "dispatch", *words)
        for words in (
            ("archive-guide", "--out", str(tmp_path / "nowhere" / "letters.csv")),
            ("nonsense", "--out", str(out)),
            ("--out", str(out)),
        )
    ]

    for code, said, sentence in refused:
        assert (code, said) == (1, "")
        assert len(sentence) > 20
        assert "Traceback" not in sentence
    assert modes(tmp_path) == []
