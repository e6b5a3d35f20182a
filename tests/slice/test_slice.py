"""What a slice declares is done: pages, consent, mail, endings, holds, counts, receipts."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.messages import (
    ConsentGranted,
    ConsentWithdrawn,
    HoldEnded,
    SliceErased,
    SliceReerased,
)
from contracts.vocabulary import Ground, Method, Outcome, Reason
from shared.database import Database
from shared.inventory import read_counts
from shared.saga import receipts
from shared.saga.claims import Claim, Told
from shared.saga.closing import Slice, close_requests
from shared.saga.decisions import Answer
from shared.saga.ending_holds import end_held
from shared.saga.said import own_said
from shared.saga.waiting import Asked
from shared.slice import consents_of, outdated, renew, withdraw
from shared.slice.endings import ending_actions
from shared.web.language import Language
from shared.web.wordings import read_wordings
from tests.client import post_form
from tests.clock import run_all_due
from tests.contracts.samples import HOLD_ENDED
from tests.kernel import eventually
from tests.slice.conftest import Shop
from tests.slice.shop import INVENTORY, LEGAL, NAME, PRODUCTS, PURPOSE, SERVICE

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def order(shop: Shop, address: str, *agree: str, product: str = "book") -> UUID:
    entries = {"email": address, "name": "Ada", "product": product}
    answer = await post_form(shop.client, f"/en/{NAME}/forms/order", entries, agree)
    assert answer.status_code == 303, answer.text
    async with shop.app.begin() as tx:
        subject: UUID = await tx.fetchval(
            "select subject_id from invoice where email = $1", address
        )
    await eventually(lambda: no_mail_left(shop.app, subject))
    return subject


async def no_mail_left(app: Database, subject: UUID) -> bool:
    async with app.begin() as tx:
        return not await tx.fetchval("select count(*) from mail where subject_id = $1", subject)


async def fall_due(shop: Shop, subject: UUID, kind: str) -> None:
    async with shop.app.begin() as tx:
        await tx.execute(
            "update deadline set due_at = $3 where subject_id = $1 and kind = $2",
            subject, kind, tx.now,
        )  # fmt: skip
    await run_all_due(shop.eraser, ending_actions(INVENTORY, SERVICE.endings))


async def request(shop: Shop, address: str, again: UUID | None = None) -> UUID:
    """Let one request for an address be carried out, as the participant does it, or again."""
    asked = Asked(again or uuid4(), "rights", await now(shop))
    told = {asked.request_id: Told(Answer.ALIASES, addresses=(address,))}
    assert SERVICE.find is not None
    async with shop.eraser.begin() as tx:
        before = await receipts.latest(tx, [asked.request_id])
        part = Slice(INVENTORY, SERVICE.find)
        late = await close_requests(tx, part, [asked], told, tx.now, before)
    assert not late
    return asked.request_id


async def now(shop: Shop) -> datetime:
    async with shop.app.begin() as tx:
        return tx.now


@pytest.mark.rule("R-17-01", "R-ACC-11")
async def test_what_a_law_keeps_is_moved_aside_and_named_in_the_receipt(shop: Shop) -> None:
    await order(shop, "ada@example.org")

    asked = await request(shop, "ada@example.org")

    [receipt] = [one for one in await shop.told(SliceErased) if one.request_id == asked]
    assert (receipt.outcome, receipt.rows) == (
        Outcome.HELD,
        {"deadline": 1, "hold": 1, "invoice": 1, "subject": 1},
    )
    [held] = receipt.held
    assert (held.ground, held.reference, held.rows) == (Ground.LEGAL_OBLIGATION, "ao-147-3", 1)
    holder = await asyncpg.connect(shop.settings.database_url(NAME, "holder"))
    fields = await holder.fetchval("select fields from held where request_id = $1", asked)
    await holder.close()
    assert "Ada" in fields
    assert "ada@example.org" not in fields


@pytest.mark.rule("R-ACC-11", "R-POL-07")
async def test_the_end_of_a_hold_deletes_with_a_receipt_of_its_own(shop: Shop) -> None:
    await order(shop, "eve@example.org")
    asked = await request(shop, "eve@example.org")
    holder = await asyncpg.connect(shop.settings.database_url(NAME, "holder"))
    await holder.execute("update held set until = until - $1::interval", LEGAL + timedelta(days=1))
    await holder.close()
    await shop.forget()

    async with shop.eraser.begin() as tx:
        ended = await end_held(tx, INVENTORY, 500)

    [receipt] = await shop.told(SliceErased)
    assert ended >= 1
    assert (receipt.reason, receipt.request_id, receipt.rows) == (
        Reason.HOLD_ENDED,
        None,
        {"held": ended},
    )
    [said] = [one for one in await shop.told(HoldEnded) if one.request_id == asked]
    assert (said.ground, said.reference, said.rows) == (Ground.LEGAL_OBLIGATION, "ao-147-3", 1)
    assert said.ended_at >= said.until
    async with shop.eraser.begin() as tx:
        assert await end_held(tx, INVENTORY, 500) == 0


@pytest.mark.rule("R-ACC-11")
async def test_a_restored_slice_ends_a_hold_again_and_says_it_no_second_time(shop: Shop) -> None:
    await order(shop, "fay@example.org")
    asked = await request(shop, "fay@example.org")
    said = HOLD_ENDED.model_copy(
        update={
            "request_id": asked,
            "reference": "ao-147-3",
            "until": await _held_until(shop, asked, timedelta(seconds=-1)),
        }
    )
    line: Any = SimpleNamespace(message=said, event=SimpleNamespace(source=NAME))
    await shop.forget()

    async with shop.eraser.begin() as tx:
        await own_said(tx, [line])
    async with shop.eraser.begin() as tx:
        ended = await end_held(tx, INVENTORY, 500)

    assert ended == 1
    assert (await shop.told(SliceErased))[-1].reason is Reason.HOLD_ENDED
    assert await shop.told(HoldEnded) == []


async def _held_until(shop: Shop, asked: UUID, away: timedelta) -> datetime:
    """Move the end of what is held of a request, seen from now; gives it."""
    holder = await asyncpg.connect(shop.settings.database_url(NAME, "holder"))
    until: datetime = await holder.fetchval(
        "update held set until = now() + $2 where request_id = $1 returning until", asked, away
    )
    await holder.close()
    return until


@pytest.mark.rule("R-17-01", "R-ACC-11", "R-3P-03")
async def test_who_erases_again_names_all_that_is_held_and_everybody_who_is_told(
    shop: Shop,
) -> None:
    subject = await order(shop, "gil@example.org")
    await _passed_on(shop, subject, "post")
    asked = await request(shop, "gil@example.org")
    left_over = await order(shop, "gil@example.org")
    await _passed_on(shop, left_over, "eloqua")

    await request(shop, "gil@example.org", again=asked)

    [first] = [one for one in await shop.told(SliceErased) if one.request_id == asked]
    [second] = [one for one in await shop.told(SliceReerased) if one.request_id == asked]
    assert (first.recipients, second.recipients) == (("post",), ("eloqua", "post"))
    assert [sum(held.rows for held in one.held) for one in (first, second)] == [1, 2]


async def _passed_on(shop: Shop, subject: UUID, recipient: str) -> None:
    async with shop.app.begin() as tx:
        await tx.execute(
            """
            insert into disclosure
            values ($1, $2, $3, 'event.material', '{name}', 'a', 'x', 'visitor', now())
            """,
            uuid4(), subject, recipient,
        )  # fmt: skip


@pytest.mark.rule("R-POL-07")
async def test_a_declared_ending_deletes_with_its_reason(shop: Shop) -> None:
    subject = await order(shop, "bob@example.org", "remind")
    await shop.forget()

    await fall_due(shop, subject, "open")

    [receipt] = await shop.told(SliceErased)
    assert (receipt.reason, receipt.closed_count) == (Reason.RETENTION_OVER, 1)
    [ended] = await shop.told(ConsentWithdrawn)
    assert ended.method is Method.ERASURE


@pytest.mark.rule("R-7-01")
async def test_one_declaration_goes_and_the_relationship_stays(shop: Shop) -> None:
    subject = await order(shop, "joan@example.org", "remind")
    [granted] = (await shop.told(ConsentGranted))[-1:]

    async with shop.app.begin() as tx:
        first = await withdraw(tx, subject, PURPOSE, Method.PAGE)
        second = await withdraw(tx, subject, PURPOSE, Method.PAGE)
        left = await consents_of(tx, subject)
        there = await tx.fetchval("select count(*) from invoice where subject_id = $1", subject)

    assert (first, second, left, there) == (True, False, {}, 1)
    [said] = (await shop.told(ConsentWithdrawn))[-1:]
    assert said.consent_id == granted.consent_id


@pytest.mark.rule("R-POL-01")
async def test_who_agreed_to_older_words_agrees_anew_under_a_new_number(
    shop: Shop, tmp_path: Path
) -> None:
    subject = await order(shop, "may@example.org", "remind")
    shutil.copytree(SERVICE.folder / "wordings", tmp_path / "wordings")
    async with shop.app.begin() as tx:
        [first] = (await consents_of(tx, subject)).values()
        for language in ("de", "en"):
            file = tmp_path / "wordings" / f"{first.wording}.v2.{language}.txt"
            file.write_text(f"other words, {language}")
        (tmp_path / "wordings" / "versions.toml").write_text(
            f'["{first.wording}.v2"]\neffective_from = 2026-01-01\nmaterial = true\n'
        )
        wordings = read_wordings(tmp_path)
        before = outdated(await consents_of(tx, subject), wordings)
        current = wordings.current(first.wording, Language.EN)
        renewed = await renew(tx, subject, PURPOSE, current, form="renew", method=Method.PAGE)
        after = outdated(await consents_of(tx, subject), wordings)

    assert (list(before), after) == ([PURPOSE], {})
    assert renewed.consent_id != first.consent_id
    [said] = (await shop.told(ConsentWithdrawn))[-1:]
    assert (said.consent_id, said.method) == (first.consent_id, Method.REPLACED)


@pytest.mark.rule("R-EV-08")
async def test_counts_remain_and_small_ones_are_not_given_out(shop: Shop) -> None:
    for number in range(5):
        subject = await order(shop, f"n{number}@example.org", product="course")
        await fall_due(shop, subject, "open")

    async with shop.app.begin() as tx:
        counts = await read_counts(tx, PRODUCTS, 5)

    assert counts.cells[("course",)] == 5


async def test_an_address_finds_its_subjects_and_no_others(shop: Shop) -> None:
    mine = await order(shop, "max@example.org")
    await order(shop, "Max@example.org")
    assert SERVICE.find is not None
    asked = uuid4(), uuid4()

    async with shop.eraser.begin() as tx:
        claims = [
            Claim(asked[0], tx.now, addresses=("max@example.org",)),
            Claim(asked[1], tx.now, subjects=(mine, uuid4())),
        ]
        found = await SERVICE.find(tx, claims, tx.now)
        before = await SERVICE.find(tx, claims, tx.now - timedelta(hours=1))

    assert (found, before) == ({asked[0]: {mine}, asked[1]: {mine}}, {})


async def test_the_mail_is_sent(shop: Shop) -> None:
    await order(shop, "lin@example.org")

    [mail] = shop.inbox.messages("lin@example.org")
    assert mail.subject == "Your order"
