"""The sum: real text, one try, a short time, its answer nowhere; and it is not the only defence."""

import re
from collections.abc import Iterator

import pytest

from shared.web.form_ids import FormIds
from shared.web.questions import Question, question_of
from tests.client import fill_form, solve
from tests.contact.site import FORM, Site, form_of, question

pytestmark = pytest.mark.asyncio(loop_scope="session")
ENTRIES = {"message": "What does it cost?", "company": "Engines", "telephone": "1"}
CASES = "select count(*) from inquiry where email = $1"


def id_asking(form_ids: FormIds, first: int, second: int) -> str:
    """Make form ids until one asks this."""
    ids = iter(lambda: form_ids.make("contact/message"), "")
    return next(one for one in ids if question_of(form_ids, one) == Question(first, second))


@pytest.mark.rule("R-CT-04")
async def test_please_add_2_and_5_is_7(site: Site) -> None:
    ada = site.address()
    asked = id_asking(site.web.state.web.form_ids, 2, 5)
    page = await site.client.get(FORM.format("en"))
    wrong = {"email": ada, **ENTRIES, "sum": "8", "form_id": asked}

    first = await site.post(page, {**wrong, "sum": "", "message": ""})
    answer = await site.post(page, {**wrong, "sum": "7"})

    assert question(first) == "Please add 2 and 5. *"
    assert (answer.status_code, await site.count(CASES, ada)) == (303, 1)


@pytest.mark.rule("R-CT-04")
async def test_a_sum_may_be_written_in_the_digits_of_any_script() -> None:
    asked = Question(9, 8)

    assert [asked.accepts(one) for one in ("17", " 17 ", "\u0667", "\u0661\u0667", "1\uff17")] == [
        True, True, False, True, True,
    ]  # fmt: skip
    assert not any(
        asked.accepts(one) for one in ("", "16", "17.0", "+17", "0x11", "\u00b2", "9" * 5000)
    )


@pytest.mark.rule("R-CT-04")
@pytest.mark.parametrize(("lang", "words"), [("en", "Please add"), ("de", "Bitte addieren Sie")])
async def test_the_question_is_text_in_the_pages_language(
    site: Site, lang: str, words: str
) -> None:
    page = await site.client.get(FORM.format(lang))

    assert question(page).startswith(words)
    assert "<img" not in page.text
    assert "<script" not in page.text


@pytest.mark.rule("R-CT-04")
async def test_numbers_differ_from_page_to_page(site: Site) -> None:
    asked = {question(await site.client.get(FORM.format("en"))) for _ in range(12)}

    assert len(asked) > 2


@pytest.mark.rule("R-CT-04")
async def test_the_answer_is_in_no_page_cookie_or_token(site: Site) -> None:
    asked = id_asking(site.web.state.web.form_ids, 9, 8)
    page = await site.client.get(FORM.format("en"))
    again = await site.post(page, {"form_id": asked, "sum": "17", "message": "x"})
    descriptor = (await site.client.get("/en/contact/forms/message")).json()

    assert question(again) == "Please add 9 and 8. *"
    assert not re.search(r"\b17\b", again.text)
    assert not page.cookies
    assert not again.cookies
    expected = solve(next(one["label"] for one in descriptor["fields"] if one["name"] == "sum"))
    assert expected not in {str(one.get("value")) for one in descriptor["fields"]}


@pytest.mark.rule("R-CT-04")
async def test_a_wrong_answer_keeps_the_entries_and_asks_something_else(site: Site) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("de"))

    back = await site.post(page, {"email": ada, **ENTRIES, "sum": "99"})
    kept = form_of(back).values
    stored = await site.count(CASES, ada)
    answer = await site.post(back, {"sum": solve(question(back))})

    assert (back.status_code, stored) == (422, 0)
    assert "Das ist nicht die Summe" in back.text
    assert {name: kept[name] for name in ENTRIES} == ENTRIES
    assert kept["email"] == ada
    assert kept["form_id"] != form_of(page).values["form_id"]
    assert (answer.status_code, await site.count(CASES, ada)) == (303, 1)


@pytest.mark.rule("R-CT-04")
async def test_a_question_has_one_try(site: Site) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("en"))
    right = {"email": ada, **ENTRIES, "sum": solve(question(page))}

    await site.post(page, {**right, "sum": "99"})
    second = await site.post(page, right)

    assert second.status_code == 422
    assert "was answered already" in second.text
    assert form_of(second).values["message"] == ENTRIES["message"]
    assert await site.count(CASES, ada) == 0


@pytest.mark.rule("R-CT-04")
async def test_a_right_answer_is_good_for_one_case(site: Site) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("en"))
    right = {"email": ada, **ENTRIES, "sum": solve(question(page))}

    await site.post(page, right)
    second = await site.post(page, {**right, "message": "Another one."})

    assert second.status_code == 422
    assert await site.count(CASES, ada) == 1


@pytest.fixture
def later(site: Site) -> Iterator[list[float]]:
    """Move the clock of the form ids by the seconds in the list."""
    form_ids = site.web.state.web.form_ids
    real, seconds = form_ids._clock, [0.0]
    form_ids._clock = lambda: real() + seconds[0]
    yield seconds
    form_ids._clock = real


@pytest.mark.rule("R-CT-04")
async def test_a_question_is_good_for_15_minutes(site: Site, later: list[float]) -> None:
    in_time, late = site.address(), site.address()
    pages = [await site.client.get(FORM.format("en")) for _ in range(2)]

    later[0] = 15 * 60 - 5.0
    first = await site.post(
        pages[0], {"email": in_time, **ENTRIES, "sum": solve(question(pages[0]))}
    )
    later[0] = 15 * 60 + 5.0
    second = await site.post(pages[1], {"email": late, **ENTRIES, "sum": solve(question(pages[1]))})
    third = await site.post(second, {"sum": solve(question(second))})

    assert (first.status_code, second.status_code, third.status_code) == (303, 422, 303)
    assert "asked too long ago" in second.text
    assert form_of(second).values["message"] == ENTRIES["message"]
    assert await site.count(CASES, late) == 1


@pytest.mark.rule("R-CT-04")
async def test_a_double_submit_is_none_however_late(site: Site, later: list[float]) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("en"))
    right = {"email": ada, **ENTRIES, "sum": solve(question(page))}

    first = await site.post(page, right)
    later[0] = 20 * 60.0
    second = await site.post(page, right)

    assert first.headers["location"] == second.headers["location"]
    assert await site.count(CASES, ada) == 1


@pytest.mark.rule("R-CT-04")
async def test_a_question_of_another_form_is_no_good(site: Site) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("en"))
    form_ids = site.web.state.web.form_ids
    other = form_ids.make("contact/follow")
    asked = question_of(form_ids, other)

    answer = await site.post(
        page,
        {"email": ada, **ENTRIES, "form_id": other, "sum": str(asked.first + asked.second)},
    )

    assert (answer.status_code, await site.count(CASES, ada)) == (422, 0)


@pytest.mark.rule("R-CT-04")
async def test_the_right_sum_is_not_enough(site: Site) -> None:
    ada = site.address()
    page = await site.client.get(FORM.format("en"))

    answer = await site.post(
        page,
        {"email": ada, **ENTRIES, "sum": solve(question(page)), "homepage": "http://x.example"},
    )

    assert (answer.status_code, await site.count(CASES, ada)) == (422, 0)


@pytest.mark.rule("R-CT-04")
async def test_a_program_of_another_site_gets_the_question_with_its_end(site: Site) -> None:
    ada = site.address()
    descriptor = (await site.client.get("/de/contact/forms/message")).json()
    [asked] = [one for one in descriptor["fields"] if one["kind"] == "question"]
    path, entries = await fill_form(
        site.client, "/de/contact/forms/message", {"email": ada, "message": "Guten Tag"}
    )

    answer = await site.client.post(path, json=entries)

    assert asked["label"].startswith("Bitte addieren Sie ")
    assert asked["seconds"] == 15 * 60
    assert answer.status_code == 202
    assert await site.count(CASES, ada) == 1
