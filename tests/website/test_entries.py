"""What is typed into forms goes to no tracker, so nobody is asked to join it to one (R-EL-02)."""

from pathlib import Path

import asyncpg
import pytest

from contracts.messages import ConsentGranted, SliceErased
from contracts.purposes import UnknownPurpose, purpose_named
from services.website.forms import field_of
from services.website.registers import read_registers
from services.website.rules.choices import OFFERED
from services.website.rules.trackers import Place, may_track
from services.website.settings import WebsiteSettings
from services.website.site import SCRIPTS
from shared.disclosure.recipients import configured_recipients
from tests.website.site import SITES, Website, scripts

ENTRIES = "tracker.eloqua.link"
ELOQUA = "tracker.eloqua"
UNASKED = Path("services/website/migrations/0003_unasked.sql").read_text("utf-8")


@pytest.mark.rule("R-EL-02")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_nobody_is_asked_to_join_entries_to_eloqua(website: Website, lang: str) -> None:
    """Not by the page, the banner or the descriptor, with every tracker in use."""
    recipients = configured_recipients()
    async with website.browser() as browser:
        pages = [
            await browser.get(path)
            for path in (f"/{lang}/", f"/{lang}/cookies", f"/{lang}/website/forms/choices")
        ]

    assert [one.status_code for one in pages] == [200] * 3
    assert all(field_of(ELOQUA) in one.text for one in pages)
    assert not [one for one in pages if field_of(ENTRIES) in one.text or ENTRIES in one.text]
    assert ENTRIES not in OFFERED
    assert ENTRIES not in read_registers(WebsiteSettings(trackers=SITES), recipients).purposes
    assert not [name for name, one in recipients.items() if ENTRIES in one.purposes]
    with pytest.raises(UnknownPurpose):
        purpose_named(ENTRIES)


@pytest.mark.rule("R-EL-02")
async def test_a_box_of_somebody_elses_making_grants_nothing(website: Website) -> None:
    told = len(await website.told())
    async with website.browser() as browser:
        page = await browser.get("/en/cookies")
        answer = await browser.post(
            "/en/cookies",
            data={"by": "settings", "back": "", field_of(ENTRIES): "0" * 64},
            headers={"Origin": website.settings.public_url, "Sec-Fetch-Site": "same-origin"},
        )

    assert (page.status_code, answer.status_code) == (200, 422)
    granted = [one for one in (await website.told())[told:] if isinstance(one, ConsentGranted)]
    assert granted == []


@pytest.mark.rule("R-EL-02")
async def test_a_grant_to_join_entries_cannot_be_written_and_old_ones_end(
    website: Website,
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "web.personalise")
    row = await website.row(
        "select subject_id from consent where purpose = 'web.personalise' order by granted_at desc"
    )
    subject, told = row[0], len(await website.told())
    write = "update granted set purpose = $2 where subject_id = $1"
    owner = await asyncpg.connect(website.settings.database_url("website", "owner"))
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(write, subject, ENTRIES)
        # As it was before: a grant of that time is there, and then the migration comes.
        await owner.execute("alter table granted drop constraint granted_check")
        await owner.execute(write, subject, ENTRIES)
        await owner.execute(UNASKED)
        ended = await owner.fetchval("select ended_at from granted where subject_id = $1", subject)
    finally:
        await owner.close()
    await website.clock()

    assert ended is not None
    assert await website.rows("select from subject where subject_id = $1", subject) == []
    assert [one for one in (await website.told())[told:] if isinstance(one, SliceErased)]


@pytest.mark.rule("R-EL-02", "R-3P-02")
async def test_a_page_with_a_form_is_out_of_eloquas_reach(website: Website) -> None:
    """Also where a form stands on a page that trackers may run on, and whatever was granted."""
    async with website.browser() as browser:
        await website.choose(browser, *OFFERED)
        start = await browser.get("/en/")
        pages = [
            await browser.get(path)
            for path in ("/en/cookies", "/en/cookies/settings", "/en/cookies/erase")
        ]

    assert "eloqua" in scripts(start)
    assert "form-action 'self'" in start.headers["content-security-policy"]
    for page in pages:
        assert scripts(page) == set()
        assert "eloqua.com" not in page.headers["content-security-policy"]
    assert not may_track(Place("/{lang}/", 200, form=True), {"/{lang}/"})


@pytest.mark.rule("R-EL-02")
def test_eloquas_script_reads_no_field() -> None:
    source = SCRIPTS["eloqua.js"]

    for reading in (b"FormData", b"querySelector", b"getElement", b".value", b"addEventListener"):
        assert reading not in source
