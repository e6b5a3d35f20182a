"""`expunge contact`: what a clerk does without a browser, and what its exit code says."""

import json
from uuid import uuid4

import pytest

from tests.conftest import as_environment
from tests.contact.site import Site
from tests.processes import run

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def command(site: Site, *words: str, told: str = "") -> tuple[int, str, str]:
    """Run one command; its exit code, output and complaint."""
    done = await run(["contact", *words], as_environment(site.settings), typed=told)
    return done.code, done.out, done.error


@pytest.mark.rule("R-CT-06")
async def test_a_clerk_sees_the_queue_answers_and_closes(site: Site) -> None:
    ada = site.address()
    case = await site.written(ada, "By command?")

    queue = json.loads((await command(site, "queue", "--json"))[1])
    shown = json.loads((await command(site, "show", str(case), "--json"))[1])
    answered, _, _ = await command(site, "answer", str(case), told="By command.\n")
    await site.mails(ada, 2)
    await site.until(
        "select count(*) = 0 from letter where subject_id = $1 and from_us and sent_at is null",
        case,
    )
    closed, _, _ = await command(site, "close", str(case), "--duty", "none")
    await site.clock()

    [listed] = [one for one in queue["cases"] if one["id"] == str(case)]
    assert (listed["state"], listed["overdue"]) == ("open", False)
    assert ada not in json.dumps(queue)
    assert (shown["email"], shown["letters"][0]["text"]) == (ada, "By command?")
    assert (answered, closed) == (0, 0)
    assert await site.left_of(case) == {}


@pytest.mark.parametrize(
    "words",
    [("show",), ("answer",), ("close", "--duty", "none")],
    ids=lambda words: words[0],
)
async def test_a_case_that_is_not_there_is_a_sentence_and_exit_code_1(
    site: Site, words: tuple[str, ...]
) -> None:
    name, *more = words

    code, out, complaint = await command(site, name, str(uuid4()), *more, told="x")

    assert (code, out) == (1, "")
    assert complaint.strip().endswith(".")
    assert "Traceback" not in complaint
