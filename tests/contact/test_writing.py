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


@pytest.mark.rule("R-CT-05")
async def test_nothing_is_said_to_have_arrived_that_was_not_stored(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = site.address()

    async def fail(*_: object, **__: object) -> None:
        raise OSError

    invented = await site.client.get(f"/en/contact/sent/{'a' * 43}")
    with monkeypatch.context() as broken:
        broken.setattr("services.contact.api.grant", fail)  # the last step before the commit
        refused = await site.write(ada)

    assert (invented.status_code, refused.status_code) == (404, 503)
    assert "has reached us" not in invented.text + refused.text
    assert await site.count("select count(*) from inquiry where email = $1", ada) == 0


@pytest.mark.rule("R-CT-01")
async def test_only_address_and_message_are_needed_and_nothing_else_is_taken(site: Site) -> None:
    page = await site.client.get(FORM.format("en"))

    empty = await site.post(page, {})
    other = await site.write(site.address(), "x", age="36")
    case = await site.written(site.address())

    row = await site.row("select company, telephone from inquiry where subject_id = $1", case)
    assert (row["company"], row["telephone"]) == (None, None)
    assert (empty.status_code, other.status_code) == (422, 422)
    assert [name for name in ("email", "company", "telephone", "message", "sum")
            if f'id="{name}-error"' in empty.text] == ["email", "message", "sum"]  # fmt: skip
