"""Physical erasure on a whole installation: bytes of data files, write-ahead log, broker's log."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx2
import orjson
import pytest

from demo.person import Person
from shared.search.files import in_files
from tests.installation import Installation, certificate_of, eventually
from tests.whole.someone import someone
from tests.whole.test_account import ACCOUNT, PASSWORD, holder
from tests.whole.test_gathering import book, enter

pytestmark = pytest.mark.timeout(240)
SEAT = ("first_name", "last_name", "street", "postal_code", "city")
BYTES = "bytes of deleted rows in data files"


@pytest.fixture
def files(installation: Installation) -> Path:
    """Give PostgreSQL's data directory, where it is on this machine and may be read."""
    data = (installation.stack.inbox.folder.parent / "postgres").resolve()
    if not (data / "PG_VERSION").is_file():
        pytest.skip("PostgreSQL's files are not on this machine: nobody can look at their bytes")
    return data


@pytest.mark.rule("R-ACC-08")
async def test_after_a_scrub_no_byte_of_an_old_value_or_of_who_was_erased_is_left(
    installation: Installation, browser: httpx2.AsyncClient, files: Path
) -> None:
    eve, dan = someone(installation, browser), someone(installation, browser)
    await eve.subscribe()
    await dan.subscribe()
    before = await _change_everything(installation, browser, dan.person, dan.names)
    without_date = await eve.be_erased()
    gone = [*eve.markers, *before]
    await eventually(lambda: _named_nowhere(installation, gone), "no row holds what is over")
    assert await _bytes(files, gone), "deleted rows leave bytes, so the search can fail"

    code, told = await installation.command("scrub", "--json")

    said = orjson.loads(told)
    assert (code, said["whole"], said["left"], said["wal"]) == (0, True, [], None), told
    assert await _bytes(files, gone) == {}
    assert await _bytes(installation.stack.inbox.folder.parent / "kafka", gone) == {}
    assert await _bytes(files, [*dan.names.values()]), "who is here is found, so the search works"
    await _dates_are_promised_from_now_on(installation, browser, without_date)


async def _change_everything(
    installation: Installation, browser: httpx2.AsyncClient, person: Person, names: dict[str, str]
) -> list[str]:
    """Change every value that a form of ours lets people change; gives the values before.

    An account's details and address, a subscription's names, a seat with its postal address that
    is given back. The names typed last are put into `names`.
    """
    one = holder(installation, browser)
    await one.sign_up()
    await one.sign_in()
    later = {name: _other(word) for name, word in one.words.items()}
    await one.person.fill(f"{ACCOUNT}/details", later)
    moved = Person(browser, f"{_other(one.person.address.partition('@')[0])}@example.org")
    wish = {"email": moved.address, "password": PASSWORD}
    await one.person.fill(f"{ACCOUNT}/address", wish)
    await moved.fill(await moved.link("/registration/address/"))
    sql = "update deadline set due_at = now() where subject_id in (select subject_id from {})"
    await installation.ask("registration", sql.format("former_address"))

    renamed = {name: _other(word) for name, word in names.items()}
    await person.fill(await person.link("/newsletter/preferences/"), renamed)
    own = names["last_name"].removeprefix("Lwholemark")  # short enough for a postal code
    typed = {name: f"Q{number}q{own}" for number, name in enumerate(SEAT)}
    seat = await book(person, await enter(installation), typed)
    await person.fill(f"{seat}/cancel")
    old = [*one.words.values(), one.person.address, *names.values(), *typed.values()]
    names.update(renamed)
    return old


def _other(word: str) -> str:
    """Give another word, in which the old one is not found."""
    return word[::-1]


async def _dates_are_promised_from_now_on(
    installation: Installation, browser: httpx2.AsyncClient, earlier: bytes
) -> None:
    """See that a certificate names a date after the first scrub, and none before it."""
    ann = someone(installation, browser)
    await ann.subscribe()
    later = certificate_of(await ann.be_erased())

    assert certificate_of(earlier)["physicalErasureBy"] is None
    promised = later["physicalErasureBy"]
    assert promised is not None
    (end,) = [one["goneBy"] for one in later["outOfScope"] if one["what"] == BYTES]
    assert end == promised > later["completedAt"]


async def _named_nowhere(installation: Installation, markers: Sequence[str]) -> bool:
    return not await installation.named(*markers)


async def _bytes(folder: Path, markers: Sequence[str]) -> dict[str, int]:
    """Count the files' bytes that are one of the markers, by file."""
    found = await asyncio.to_thread(in_files, folder, list(markers), exact=True)
    return {one.place: one.count for one in found}
