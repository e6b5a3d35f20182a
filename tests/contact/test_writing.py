"""Writing: from the form to the page that says it arrived, and the mail that proves it."""

import pytest

from contracts.messages import ConsentGranted
from contracts.vocabulary import Method
from services.contact.settings import PURPOSE
from tests.contact.site import FORM, Site

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.rule("R-CT-01", "R-CT-05")
async def test_a_message_becomes_a_case_and_the_page_says_so(site: Site) -> None:
    ada = site.address()

    answer = await site.write(ada, "How do I?", company="Engines", telephone="+49 (0)30/1-2")
    page = await site.client.get(answer.headers["location"])

    assert answer.status_code == 303
    assert "Your message has reached us!" in page.text
    assert "We appreciate your interest and will get back to you shortly." in page.text
    row = await site.row(
        "select * from inquiry join letter using (subject_id) where email = $1", ada
    )
    assert (row["company"], row["telephone"], row["text"], row["from_us"]) == (
        "Engines", "+49 (0)30/1-2", "How do I?", False,
    )  # fmt: skip
    assert row["reference"] in page.text


@pytest.mark.rule("R-CT-02")
async def test_pressing_send_is_the_consent_to_the_words_beside_it(site: Site) -> None:
    page = await site.client.get(FORM.format("en"))
    case = await site.written(site.address())

    [granted] = (await site.told(ConsentGranted))[-1:]
    consent = await site.row("select * from consent where subject_id = $1", case)
    [wording] = [
        one for one in site.web.state.web.pages.wordings["contact"].all if one.language == "en"
    ]
    assert (granted.purpose, granted.method) == (PURPOSE, Method.FORM)
    assert granted.wording_sha256 == wording.sha256 == consent["wording_sha256"].hex()
    assert "press &#34;Send&#34;" in page.text
    assert '<a href="/en/data-protection-policy.html">' in page.text
