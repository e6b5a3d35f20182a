"""A seat keeps what was sent with it; who changed their account since is told so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.messages import DataRectified
from contracts.vocabulary import PersonField
from services.events.copies import ask
from services.events.declaration import SERVICE
from shared.saga.claims import LATER, Told
from shared.saga.decisions import Answer
from shared.visitor.received import Mail
from tests.events.site import Events

HOLDER = "registration"
TOLD = "Your account has changed, your registration has not"


class Accounts:
    """Stands in for the holder of accounts: says whose a change was, or nothing yet."""

    def __init__(self) -> None:
        self.answers: dict[UUID, Told] = {}
        self.asked: list[dict[UUID, str]] = []

    async def ask(self, origins: dict[UUID, str]) -> dict[UUID, Told]:
        """Answer as the client of the claim check does."""
        self.asked.append(origins)
        return {one: self.answers.get(one, LATER) for one in origins}


@pytest_asyncio.fixture(loop_scope="session")
async def accounts(events: Events) -> AsyncIterator[Accounts]:
    """Give a holder of accounts; what was not answered is forgotten afterwards."""
    yield Accounts()
    async with events.eraser.begin() as tx:
        await tx.execute("delete from changed_elsewhere")


async def change(
    events: Events, accounts: Accounts, *addresses: str, fields: str = "company", ago: int = 0
) -> UUID:
    """Let an account at these addresses be changed, `ago` seconds ago, and be heard of."""
    message = DataRectified(
        rectification_id=uuid4(),
        fields=tuple(PersonField(one) for one in fields.split()),
        rectified_at=datetime.now(UTC) - timedelta(seconds=ago),
    )
    accounts.answers[message.rectification_id] = Told(Answer.ALIASES, addresses)
    line: Any = SimpleNamespace(message=message, event=SimpleNamespace(source=HOLDER))
    async with events.eraser.begin() as tx:
        await SERVICE.reactions[DataRectified](tx, [line, line])
    return message.rectification_id


async def settle(events: Events, accounts: Accounts) -> int:
    """Let the worker ask and act; gives what still waits for an answer."""
    async with events.eraser.begin() as tx:
        await tx.execute("update changed_elsewhere set next_try_at = now()")
    await ask(events.eraser, accounts)  # type: ignore[arg-type]
    return await events.count("select count(*) from changed_elsewhere")


async def since(events: Events, subject_id: object) -> list[str]:
    """Give the fields that a seat is known to have older."""
    sql = "select changed_since from seat where subject_id = $1"
    return list((await events.row(sql, subject_id))["changed_since"])


def told(events: Events, address: str) -> list[Mail]:
    """Give the mails that said so to an address."""
    return [one for one in events.mailbox(address) if TOLD in one.subject]


@pytest.mark.rule("R-EV-01", "R-ACC-10")
async def test_who_changed_the_account_is_told_that_the_seat_is_a_copy(
    events: Events, accounts: Accounts
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, company="Old Mill")
    ben = await events.registered(gathering, company="Other")
    await change(events, accounts, ada.address, fields="company telephone")

    left = await settle(events, accounts)
    (mail,) = await events.mails(ada.address, TOLD)
    page = (await events.client.get(ada.seat)).text

    assert left == 0
    assert accounts.asked[0].popitem()[1] == HOLDER
    assert "was changed after you registered" in page
    assert "Old Mill" in page, "nobody but its person changes a seat"
    assert any("/seat/" in link for link in mail.links)
    assert "ompany" not in mail.text
    assert await since(events, ada.subject_id) == ["company"], "no telephone number is held"
    assert await since(events, ben.subject_id) == []
    assert "was changed after" not in (await events.client.get(ben.seat)).text


@pytest.mark.rule("R-ACC-10")
async def test_a_change_that_comes_again_tells_nobody_again_and_another_field_does(
    events: Events, accounts: Accounts
) -> None:
    ada = await events.registered(await events.gathering(), company="Old Mill", city="Bonn")
    await change(events, accounts, ada.address)
    await settle(events, accounts)
    await events.mails(ada.address, TOLD)

    await change(events, accounts, ada.address)
    await settle(events, accounts)
    await change(events, accounts, ada.address, fields="city company")
    await settle(events, accounts)
    await events.mails(ada.address, TOLD, count=2)
    await events.no_more_mail()

    assert len(await events.mails(ada.address, TOLD)) == 2
    assert await since(events, ada.subject_id) == ["company", "city"]


@pytest.mark.rule("R-ACC-10")
async def test_without_an_answer_it_is_asked_again_and_nothing_is_lost(
    events: Events, accounts: Accounts
) -> None:
    ada = await events.registered(await events.gathering(), company="Old Mill")
    told = await change(events, accounts, ada.address)
    answer = accounts.answers.pop(told)

    waiting = [await settle(events, accounts) for _ in range(2)]
    async with events.eraser.begin() as tx:
        row = await tx.fetchrow(
            "select tries, next_try_at > $1 as later from changed_elsewhere", tx.now
        )
    accounts.answers[told] = answer
    left = await settle(events, accounts)

    assert (waiting, left) == ([1, 1], 0)
    assert row is not None
    assert tuple(row) == (2, True)
    assert await since(events, ada.subject_id) == ["company"]


@pytest.mark.rule("R-ACC-10")
async def test_an_account_that_is_gone_leaves_nothing_to_ask(
    events: Events, accounts: Accounts
) -> None:
    told = await change(events, accounts)
    accounts.answers[told] = Told(Answer.GONE)

    assert await settle(events, accounts) == 0


@pytest.mark.rule("R-EV-01", "R-EV-10", "R-EV-11")
async def test_later_cancelled_and_unconfirmed_seats_get_no_mail(
    events: Events, accounts: Accounts
) -> None:
    gathering = await events.gathering()
    ada = await events.registered(gathering, company="Old Mill")
    ben = await events.registered(gathering, company="Old Mill")
    eve = events.address()
    await events.register(gathering, eve, company="Old Mill")
    await events.press(f"{ben.seat}/cancel")

    await change(events, accounts, ada.address, ago=3600)  # she registered with the new value
    await change(events, accounts, ben.address, eve)
    await settle(events, accounts)
    await events.no_more_mail()

    assert await since(events, ada.subject_id) == []
    assert not any(told(events, one) for one in (ada.address, ben.address, eve))
    (row,) = [await events.row("select changed_since from seat where email = $1", eve)]
    assert row["changed_since"] == ["company"], "her page says it once she has confirmed"


@pytest.mark.rule("R-18-01")
async def test_while_restricted_the_mail_waits(events: Events, accounts: Accounts) -> None:
    ada = await events.registered(await events.gathering(), company="Old Mill")
    sql = "update subject set restricted_at = $2 where subject_id = $1"
    async with events.eraser.begin() as tx:
        await tx.execute(sql, ada.subject_id, tx.now)
    await change(events, accounts, ada.address)
    await settle(events, accounts)
    await events.no_more_mail()
    during = told(events, ada.address)

    async with events.eraser.begin() as tx:
        await tx.execute(sql, ada.subject_id, None)
    await events.mails(ada.address, TOLD)

    assert not during
