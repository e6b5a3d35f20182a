"""Issues: to everybody who wants one, once, with the same words for all, out of our own house."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.newsletter import issue_store
from services.newsletter.issues import begin, queue_all, read_issue, send
from services.newsletter.mails import FOLDER
from services.newsletter.rules import BadIssue, ContentChanged, Issue, State, Text
from shared.mail.mailer import MAX_UNDER_WAY
from shared.mail.markdown import LoadsFromElsewhere
from shared.visitor.received import Mail
from tests.newsletter.site import Newsletter, path_of
from tests.processes import ended, fork, run
from tests.rewording import reworded

ADDRESS = re.compile(
    r"""(?:src|srcset|background|data|poster|href)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE
)
LOADS = re.compile(
    r"<(?:img|link|script|iframe|video|audio|object|embed|source)\b|url\(", re.IGNORECASE
)


def _folder(parent: Path, name: str, **other: str) -> Path:
    folder = parent / name
    folder.mkdir()
    words = {"de": "Neues **aus dem Haus**.", "en": "News **from the house**."} | other
    for language, body in words.items():
        (folder / f"{language}.md").write_text(f"---\nsubject: Issue {name}\n---\n{body}\n")
    return folder


def _received(newsletter: Newsletter, address: str, name: str) -> list[Mail]:
    return [mail for mail in newsletter.mailbox(address) if mail.subject == f"Issue {name}"]


def _recipients(newsletter: Newsletter, name: str) -> list[str]:
    """List who got an issue, once for each copy."""
    mails = newsletter.everybodys_mails()
    return [to for mail in mails if mail.subject == f"Issue {name}" for to in mail.to]


@pytest.mark.rule("R-NL-08")
async def test_each_subscriber_gets_an_issue_once_in_their_language(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    ada, uwe, pending = (newsletter.address() for _ in range(3))
    await newsletter.subscribed(ada)
    await newsletter.subscribed(uwe, "de")
    await newsletter.subscribe(pending)
    issue = read_issue(_folder(tmp_path, "spring"))

    seen: list[int] = []
    first = await send(newsletter.app, issue, lambda now: seen.append(now.done), batch=1)
    second = await send(newsletter.app, issue, lambda _now: None)

    assert first.states[State.SENT] == second.states[State.SENT] >= 2
    assert seen == sorted(seen)
    (english,), (german,) = (_received(newsletter, one, "spring") for one in (ada, uwe))
    assert "News from the house." in english.text
    assert "<strong>aus dem Haus</strong>" in german.html
    assert not _received(newsletter, pending, "spring")


@pytest.mark.rule("R-NL-06")
async def test_an_issue_carries_its_way_out_in_sight_and_in_the_headers(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    ada = newsletter.address()
    await newsletter.subscribed(ada)

    await send(newsletter.app, read_issue(_folder(tmp_path, "summer")), lambda _now: None)

    (mail,) = _received(newsletter, ada, "summer")
    headers = dict(mail.headers)
    link = headers["List-Unsubscribe"].strip("<>")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in mail.text
    assert f'href="{link}"' in mail.html
    covered = re.search(r"\bh=([^;]+)", headers["DKIM-Signature"])
    assert covered is not None
    signed = {name.strip().lower() for name in covered[1].split(":")}
    assert {"list-unsubscribe", "list-unsubscribe-post", "from"} <= signed
    assert (await newsletter.press(path_of(link))).status_code == 303


@pytest.mark.rule("R-NL-02", "R-SEC-02")
async def test_every_mail_loads_nothing_and_points_to_our_own_house(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    ada = newsletter.address()
    await newsletter.subscribed(ada)
    await newsletter.forget_quota()
    await newsletter.subscribe(ada)
    await newsletter.mails(ada, "/confirm/", count=2)
    await send(newsletter.app, read_issue(_folder(tmp_path, "own")), lambda _now: None)

    mails = newsletter.mailbox(ada)

    own = urlsplit(newsletter.settings.public_url).netloc
    assert len(mails) == 4
    assert {urlsplit(link).netloc for mail in mails for link in ADDRESS.findall(mail.html)} == {own}
    assert not [mail.subject for mail in mails if LOADS.search(mail.html)]
    assert not [mail.subject for mail in mails if ada in mail.subject + mail.text + mail.html]


@pytest.mark.rule("R-NL-02")
@pytest.mark.parametrize(
    "body",
    [
        "![](https://pixel.example/1.gif)",
        "![logo][1]\n\n[1]: https://images.example/logo.png",
        '<img src="https://pixel.example/1.gif">',
        "Hello <b>there</b>",
        "<script src=https://evil.example></script>",
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_refused(tmp_path: Path, body: str) -> None:
    with pytest.raises(LoadsFromElsewhere):
        read_issue(_folder(tmp_path, "bad", en=body))


@pytest.mark.rule("R-NL-02")
def test_a_plain_link_may_lead_anywhere(tmp_path: Path) -> None:
    issue = read_issue(_folder(tmp_path, "links", en="[A book](https://books.example/1)"))

    assert "books.example" in issue.texts["en"].markdown


@pytest.mark.parametrize(
    "content", ["no front matter", "---\ntitle: x\n---\ntext", "---\nsubject: x\n---\n \n", "---\n"]
)
def test_a_file_that_is_no_issue_is_refused(tmp_path: Path, content: str) -> None:
    folder = _folder(tmp_path, "odd")
    (folder / "en.md").write_text(content)

    with pytest.raises(BadIssue):
        read_issue(folder)


async def test_other_words_under_the_same_name_are_refused(newsletter: Newsletter) -> None:
    texts = {"en": Text("Issue", "One\n"), "de": Text("Ausgabe", "Eins\n")}
    await begin(newsletter.app, Issue("autumn", texts))

    with pytest.raises(ContentChanged):
        await begin(newsletter.app, Issue("autumn", texts | {"de": Text("Ausgabe", "Zwei\n")}))


@pytest.mark.rule("R-NL-08", "R-POL-01")
@pytest.mark.parametrize("reason", ["unsubscribed", "restricted", "material-change"])
async def test_just_before_each_delivery_it_is_asked_again(
    newsletter: Newsletter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    ada = newsletter.address()
    subject_id = await newsletter.subscribed(ada)
    link = await newsletter.link(ada, "/unsubscribe/", count=2)
    issue = read_issue(_folder(tmp_path, f"late-{reason}"))
    await newsletter.pause()
    await queue_all(newsletter.app, await begin(newsletter.app, issue))

    if reason == "unsubscribed":
        await newsletter.press(link)
    elif reason == "restricted":
        async with newsletter.eraser.begin() as tx:
            await tx.execute(
                "update subject set restricted_at = now() where subject_id = $1", subject_id
            )
    else:
        changed = reworded(FOLDER, tmp_path, "newsletter")
        monkeypatch.setitem(vars(newsletter.mails_of), "wordings", changed)
    newsletter.gate.opened.set()
    now = await send(newsletter.app, issue, lambda _now: None)

    assert now.over
    assert not _received(newsletter, ada, issue.name)


@pytest.mark.rule("R-NL-08")
async def test_a_mailer_that_dies_after_the_servers_250_sends_no_issue_twice(
    newsletter: Newsletter, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    people = [newsletter.address() for _ in range(6)]
    for address in people:
        await newsletter.subscribed(address)
    issue = read_issue(_folder(tmp_path, "kill"))
    await newsletter.pause()
    await queue_all(newsletter.app, await begin(newsletter.app, issue))

    dead = await _mailing(environment, crash_at="mailer:after-250")
    accepted = _recipients(newsletter, "kill")
    async with newsletter.app.begin() as tx:
        await tx.execute("update mail set leased_until = now() where leased_until is not null")
    newsletter.gate.opened.set()
    now = await send(newsletter.app, issue, lambda _now: None)

    received = _recipients(newsletter, "kill")
    lost = now.states.get(State.GIVEN_UP, 0)
    assert dead == -9
    assert accepted
    assert len(received) == len(set(received))
    assert 1 <= lost <= MAX_UNDER_WAY
    assert now.total - lost <= len(received) <= now.total


@pytest.mark.rule("R-NL-03")
async def test_a_confirmation_is_sent_again_under_the_same_message_id(
    newsletter: Newsletter, environment: Mapping[str, str]
) -> None:
    ada = newsletter.address()
    await newsletter.pause()
    await newsletter.subscribe(ada)

    dead = await _mailing(environment, crash_at="mailer:after-250")
    async with newsletter.app.begin() as tx:
        await tx.execute("update mail set leased_until = now() where leased_until is not null")
    newsletter.gate.opened.set()
    first, second = await newsletter.mails(ada, "/confirm/", count=2)

    assert dead == -9
    assert first.message_id == second.message_id
    links = [next(link for link in mail.links if "/confirm/" in link) for mail in (first, second)]
    assert (await newsletter.press(path_of(links[0]))).status_code == 303


async def _mailing(environment: Mapping[str, str], crash_at: str) -> int | None:
    armed = {**environment, "EXPUNGE_CRASH_AT": crash_at}
    return await ended(fork(["30"], armed, module="tests.newsletter.mailing"))


async def _command(environment: Mapping[str, str], *arguments: str) -> tuple[int | None, str, str]:
    said = await run(["newsletter", *arguments], environment)
    return said.code, said.out, said.error


async def test_the_editors_command_counts_tries_sends_and_refuses(
    newsletter: Newsletter, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    ada, editor = newsletter.address(), newsletter.address()
    await newsletter.subscribed(ada)
    folder = _folder(tmp_path, "command")

    dry = await _command(environment, "send", str(folder), "--dry-run", "--json")
    trial = await _command(environment, "send", str(folder), "--test", editor, "--json")
    between = _received(newsletter, ada, "command")
    sent = await _command(environment, "send", str(folder), "--json")
    (folder / "en.md").write_text("---\nsubject: Other\n---\nOther words\n")
    changed = await _command(environment, "send", str(folder))

    assert (dry[0], trial[0], sent[0], changed[0]) == (0, 0, 0, 1)
    subscribers = json.loads(dry[1])["subscribers"]
    assert json.loads(dry[1])["begun"] == 0
    assert json.loads(trial[1])["sent"] == 2
    assert len(newsletter.mailbox(editor)) == 2
    assert not between
    assert json.loads(sent[1])["sent"] == subscribers
    assert len(_received(newsletter, ada, "command")) == 1
    assert "use a new folder name" in changed[2]


async def test_a_command_that_is_killed_goes_on_where_it_was(
    newsletter: Newsletter, tmp_path: Path
) -> None:
    people = [newsletter.address() for _ in range(3)]
    for address in people:
        await newsletter.subscribed(address)
    issue = read_issue(_folder(tmp_path, "resume"))
    issue_id = await begin(newsletter.app, issue)
    async with newsletter.app.begin() as tx:  # as far as a killed command came
        await issue_store.queue_deliveries(tx, issue_id, None, 2)

    now = await send(newsletter.app, issue, lambda _now: None, batch=2)

    assert now.states[State.SENT] == now.total
    assert [len(_received(newsletter, one, "resume")) for one in people] == [1, 1, 1]
