"""Every form behind a mailed link or a session, posted wrong and right: its words get nowhere else.

A new form is missing in `tests/whole/live.py` until somebody posts it there with a live link.
"""

import httpx2
import pytest
import pytest_asyncio

from services.registry import participants, with_database
from tests.installation import Installation
from tests.whole.live import post_everything
from tests.whole.posting import FORMS, NOBODYS, SECRET, Posting

pytestmark = pytest.mark.timeout(300)
STAYED = {"contact", "events", "newsletter", "registration"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def posting(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Posting:
    """Post every form, and wait until everything that was asked for is done."""
    made = Posting(installation)
    await post_everything(made, tmp_path_factory.mktemp("promotion"))
    await installation.closed()
    return made


async def test_every_form_there_is_was_posted_over_a_live_link_or_session(
    posting: Posting,
) -> None:
    fields = {
        key: {
            *(one.name for one in form.fields),
            *(one.name for one in form.declarations),
            "nobody",
        }
        for key, form in FORMS.items()
    }

    assert posting.taken == set(FORMS), "post it in tests/whole/live.py, with a link that is live"
    assert posting.planted == fields, "each field held a marker"


async def test_what_a_form_took_stands_in_rows_of_its_own_service_alone(
    posting: Posting,
) -> None:
    installation = posting.installation
    for service in with_database():
        own = f"{installation.settings.database(service.name)}:"
        places = await installation.named(posting.beginning(service.name))
        assert bool(places) >= (service.name in STAYED), "the search finds what is kept"
        assert [place for place in places if not place.startswith(own)] == [], service.name


async def test_what_was_refused_and_passwords_stand_nowhere(posting: Posting) -> None:
    nowhere = (posting.beginning(NOBODYS), posting.beginning(SECRET))

    assert not await posting.installation.named(*nowhere)


async def test_no_word_of_a_form_stands_in_an_address_a_header_or_a_metric(
    posting: Posting, browser: httpx2.AsyncClient
) -> None:
    shown = dict(posting.shown)
    async with posting.inside() as monitoring:
        for service in participants():
            answer = await monitoring.get(f"/metrics/{service}")
            assert answer.status_code == 200
            shown[f"metrics of {service}"] = answer.text
    inbox = (await browser.get("/dev/inbox.json")).json()
    shown["links in mails"] = "\n".join(link for mail in inbox for link in mail["links"])

    found = [(place, word) for place, text in shown.items() for word in posting.found_in(text)]

    assert found == []
    assert shown.keys() >= set(FORMS)
    assert shown["links in mails"]
