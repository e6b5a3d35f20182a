"""The saga when something is away, late, silent, wrong or comes twice."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from contracts.messages import (
    ErasureRequested,
    SagaReminded,
    SliceErased,
    SliceFailed,
    SliceReerased,
    SliceVerified,
)
from contracts.vocabulary import Outcome
from shared.database import Transaction
from tests.kernel import eventually
from tests.saga.shop import SHOP, Town, shop_work


async def find_nobody(*_: Any) -> dict[UUID, set[UUID]]:
    return {}


async def owner(here: Town) -> asyncpg.Connection:
    return await asyncpg.connect(here.settings.database_url(SHOP, "owner"))


async def waiting(here: Town, request: UUID) -> str | None:
    async with here.shop.begin() as tx:
        reason: str | None = await tx.fetchval(
            "select reason from waiting where request_id = $1", request
        )
        return reason


async def test_a_worker_that_was_down_erases_the_old_and_keeps_the_new(here: Town) -> None:
    address = here.somebody()
    old = await here.customer(address)

    async with here.answering(), here.working(here.works()[0], *here.verifiers()):
        (request,) = await here.request(address)
        new = await here.customer(address)
        async with here.working(here.works()[1]):
            (receipt,) = await here.await_heard(request, SliceErased)
            (read_back,) = await here.await_heard(request, SliceVerified)

    assert (receipt.outcome, read_back.remaining) == (Outcome.DELETED, 0)
    assert {old, new} & await here.subjects() == {new}


async def test_a_slice_that_does_nothing_is_found_out(here: Town) -> None:
    address = here.somebody()
    subject = await here.customer(address)
    lazy = shop_work(here.settings, find_nobody)

    async with here.answering(), here.working(here.works()[0], lazy, *here.verifiers()):
        (request,) = await here.request(address)
        (read_back,) = await here.await_heard(request, SliceVerified)
        (failed,) = await here.await_heard(request, SliceFailed)

    assert (read_back.remaining, failed.error) == (1, "LeftOver")
    assert subject in await here.subjects()

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        await here.say("erasure", SagaReminded(request_id=request, service=SHOP, reminder=1))
        (again,) = await here.await_heard(request, SliceReerased)
        verified = await here.await_heard(request, SliceVerified, count=2)

    assert (again.attempt, [one.remaining for one in verified]) == (1, [1, 0])
    assert subject not in await here.subjects()


async def test_a_verifier_that_may_not_read_everything_says_nothing(here: Town) -> None:
    address = here.somebody()
    await here.customer(address)
    connection = await owner(here)
    verifier = here.settings.role(SHOP, "verifier")
    await connection.execute(
        f'create table secret (word text); revoke all on secret from "{verifier}"'
    )

    async def blocked() -> bool:
        url = here.settings.database_url(f"{SHOP}_verifier", "app")
        own = await asyncpg.connect(url)
        try:
            reasons = await own.fetch("select reason from looking")
            return [row[0] for row in reasons] == ["cannot-look"]
        finally:
            await own.close()

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        (request,) = await here.request(address)
        await eventually(blocked)
        silent = await here.heard(request, SliceVerified)
        await connection.execute("drop table secret")
        (read_back,) = await here.await_heard(request, SliceVerified)

    await connection.close()
    assert (silent, read_back.remaining) == ([], 0)


async def test_what_cannot_be_resolved_waits_and_the_others_go_on(here: Town) -> None:
    address = here.somebody()
    await here.customer(address)

    async with here.working(*here.works()):
        (request,) = await here.request(address)

        async def tried_in_vain() -> bool:
            async with here.shop.begin() as tx:
                sql = "select reason, tries from waiting where request_id = $1"
                row = await tx.fetchrow(sql, request)
            return row is not None and row["reason"] == "origin" and row["tries"] > 1

        await eventually(tried_in_vain)
        nothing = await here.heard(request, SliceErased)
        async with here.answering():
            (receipt,) = await here.await_heard(request, SliceErased)

    assert (nothing, receipt.outcome) == ([], Outcome.DELETED)
    assert await waiting(here, request) is None


async def test_a_reminder_sends_the_same_bytes_and_a_repeated_request_none(here: Town) -> None:
    address = here.somebody()
    await here.customer(address)

    async def sent(request: UUID) -> list[tuple[bytes, Any]]:
        found = await here.records()
        mark = str(request).encode()
        return [(v, h) for v, h in found if b".slice-erased." in v and mark in v and b"shop" in v]

    async def sent_twice(request: UUID) -> bool:
        return len(await sent(request)) == 2

    async with here.answering(), here.working(*here.works()):
        (request,) = await here.request(address)
        await here.await_heard(request, SliceErased)
        (asked,) = await here.heard(request, ErasureRequested, "rights")
        await here.say("rights", asked)
        later = (await here.request(here.somebody()))[0]
        await here.await_heard(later, SliceErased)
        after_repeat = await sent(request)
        await here.say("erasure", SagaReminded(request_id=request, service=SHOP, reminder=1))
        await eventually(lambda: sent_twice(request))
        after_reminder = await sent(request)

    assert len(after_repeat) == 1
    assert after_reminder == after_repeat * 2


async def test_a_mail_under_way_delays_its_person_only(here: Town) -> None:
    mailed, other = here.somebody(), here.somebody()
    subject, beside = await here.customer(mailed), await here.customer(other)

    async def lease(tx: Transaction, until: str) -> None:
        await tx.execute(f"update mail set leased_until = {until} where subject_id = $1", subject)

    async with here.shop.begin() as tx:
        await tx.execute(
            """
            insert into mail (mail_id, subject_id, kind, template, language, message_id, give_up_at)
            values ($1, $2, 'issue', 'issue', 'en', 'one', now() + interval '1 day')
            """,
            uuid4(),
            subject,
        )
        await lease(tx, "clock_timestamp() + interval '1 hour'")
    async with here.answering(), here.working(*here.works()):
        delayed, done = await here.request(mailed, other)
        await here.await_heard(done, SliceErased)
        early = await here.heard(delayed, SliceErased)
        assert {subject, beside} & await here.subjects() == {subject}
        async with here.shop.begin() as tx:
            await lease(tx, "clock_timestamp() - interval '1 second'")
        (receipt,) = await here.await_heard(delayed, SliceErased)

    assert (early, receipt.rows) == ([], {"customer": 1, "mail": 1, "note": 1, "subject": 1})


async def test_aliases_that_are_gone_are_a_failure_never_nothing_held(here: Town) -> None:
    async with here.answering(), here.working(here.works()[0]):
        (request,) = await here.request(here.somebody())
        async with here.rights.begin() as tx:
            await tx.execute("delete from alias where request_id = $1", request)
        async with here.working(here.works()[1]):
            (failed,) = await here.await_heard(request, SliceFailed)

    assert failed.error == "AliasGone"
    assert await here.heard(request, SliceErased) == []


async def test_sign_ups_that_race_with_an_erasure_are_before_or_after_it(here: Town) -> None:
    address = here.somebody()

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        await here.request(here.somebody())
        signing_up = [asyncio.create_task(here.customer(address)) for _ in range(60)]
        requests = [(await here.request(address))[0] for _ in range(3)]
        await asyncio.gather(*signing_up)
        receipts = [(await here.await_heard(request, SliceErased))[0] for request in requests]
        verified = [(await here.await_heard(request, SliceVerified))[-1] for request in requests]

    async with here.shop.begin() as tx:
        rows = await tx.fetch(
            "select address_since from subject join customer using (subject_id) where email = $1",
            address,
        )
    assert [one.remaining for one in verified] == [0, 0, 0]
    assert all(row["address_since"] > receipts[-1].covered_until for row in rows)
    assert len(rows) + sum(receipt.closed_count for receipt in receipts) == len(signing_up)


async def test_a_slow_sign_up_from_before_the_cut_off_is_waited_for(here: Town) -> None:
    address, subject = here.somebody(), uuid4()

    async def blocked(request: UUID) -> bool:
        """Erasing waits for the barrier, or (were there none) has answered already."""
        sql = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        async with here.shop.begin() as tx:
            waits: bool = await tx.fetchval(sql)
        return waits or bool(await here.heard(request, SliceErased))

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        async with here.shop.begin() as slow:
            await slow.execute("insert into subject (subject_id) values ($1)", subject)
            await slow.execute("insert into customer values ($1, $2)", subject, address)
            (request,) = await here.request(address)
            await eventually(lambda: blocked(request))
        (receipt,) = await here.await_heard(request, SliceErased)
        (read_back,) = await here.await_heard(request, SliceVerified)

    assert (receipt.outcome, receipt.closed_count) == (Outcome.DELETED, 1)
    assert read_back.remaining == 0
    assert subject not in await here.subjects()


async def test_a_restored_backup_closes_again_what_was_closed(here: Town) -> None:
    address = here.somebody()
    subject = await here.customer(address)
    name, backup = here.settings.database(SHOP), f"{here.settings.database(SHOP)}_backup"
    admin = await asyncpg.connect(here.settings.admin_url())
    await here.shop.close()
    keeper = here.settings.role(SHOP, "owner")
    await admin.execute(f'create database "{backup}" template "{name}" owner "{keeper}"')
    await here.open_shop()

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        (request,) = await here.request(address)
        (first,) = await here.await_heard(request, SliceErased)
        await here.await_heard(request, SliceVerified)
    await here.shop.close()
    await admin.execute(f'drop database "{name}" with (force)')
    await admin.execute(f'alter database "{backup}" rename to "{name}"')
    await admin.close()
    await here.open_shop()
    assert subject in await here.subjects()

    async with here.answering(), here.working(*here.works(), *here.verifiers()):
        (again,) = await here.await_heard(request, SliceReerased)
        verified = await here.await_heard(request, SliceVerified, count=2)

    assert subject not in await here.subjects()
    assert (again.receipt_id, again.attempt, again.rows) == (first.receipt_id, 1, first.rows)
    assert (verified[-1].attempt, verified[-1].remaining) == (1, 0)
    async with here.shop.begin() as tx:
        attempts = await tx.fetch(
            "select attempt from receipt where request_id = $1 order by attempt", request
        )
    assert [row[0] for row in attempts] == [0, 1]
