"""While a subject is restricted nothing is changed, sent or deleted by a timer (Art. 18)."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.database import Database, Transaction
from shared.inventory import erase
from shared.settings import Settings
from tests.database import slice as club


async def restricted(eraser: Database, email: str) -> UUID:
    async with eraser.begin() as tx:
        subject = await club.join(tx, email)
        await tx.execute("update subject set restricted_at = now() where subject_id = $1", subject)
    return subject


async def write_mail(tx: Transaction, subject: UUID) -> None:
    await tx.execute(
        """
        insert into mail (mail_id, subject_id, kind, template, language, message_id, give_up_at)
        values ($1, $2, 'issue', 'issue', 'de', $3, now() + interval '1 day')
        """,
        uuid4(),
        subject,
        f"<{uuid4()}@example.org>",
    )


@pytest.mark.rule("R-18-01")
async def test_the_web_changes_nothing_of_a_restricted_subject(
    app: Database, eraser: Database
) -> None:
    subject = await restricted(eraser, "still@example.org")

    async with app.begin() as tx:
        seen = await tx.fetchval("select count(*) from member where subject_id = $1", subject)
        changed = await tx.execute("update member set points = 1 where subject_id = $1", subject)
        deleted = await tx.execute("delete from member where subject_id = $1", subject)
        lifted = await tx.execute(
            "update subject set restricted_at = null where subject_id = $1", subject
        )

    assert (seen, changed, deleted, lifted) == (1, 0, 0, 0)


@pytest.mark.rule("R-18-01")
async def test_no_mail_of_a_restricted_subject_is_claimed(app: Database, eraser: Database) -> None:
    subject, other = await restricted(eraser, "quiet@example.org"), uuid4()
    async with app.begin() as tx:
        other = await club.join(tx, "loud@example.org")
        await write_mail(tx, subject)
        await write_mail(tx, other)

    async with app.begin() as tx:
        claimed = await tx.fetch(
            "select subject_id from mail where subject_id = any($1) for update skip locked",
            [subject, other],
        )

    assert [row["subject_id"] for row in claimed] == [other]


@pytest.mark.rule("R-18-01")
async def test_the_persons_own_acts_go_on(app: Database, eraser: Database) -> None:
    subject = await restricted(eraser, "own@example.org")

    async with app.begin() as tx:
        await tx.by_person()
        changed = await tx.execute("update member set points = 1 where subject_id = $1", subject)

    assert changed == 1


async def test_restriction_hides_nothing_from_who_must_see(
    eraser: Database, club_settings: Settings
) -> None:
    subject = await restricted(eraser, "seen@example.org")

    for role in ("eraser", "exporter", "verifier"):
        connection = await asyncpg.connect(club_settings.database_url(club.SERVICE, role))
        seen = await connection.fetchval(
            "select count(*) from member where subject_id = $1", subject
        )
        await connection.close()
        assert (role, seen) == (role, 1)


@pytest.mark.rule("R-18-01")
async def test_a_timer_leaves_a_restricted_subject(eraser: Database) -> None:
    subject = await restricted(eraser, "kept@example.org")

    async with eraser.begin() as tx:
        erased = await erase(tx, club.INVENTORY, [subject], asked=False)
        left = await tx.fetchval("select count(*) from member where subject_id = $1", subject)
    with pytest.raises(asyncpg.PostgresError, match="restricted"):
        async with eraser.begin() as tx:
            await tx.execute("delete from subject where subject_id = $1", subject)

    assert (erased.closed, erased.restricted, left) == ([], [subject], 1)


@pytest.mark.rule("R-18-01")
async def test_the_persons_own_erasure_ends_the_restriction(eraser: Database) -> None:
    subject = await restricted(eraser, "leaving@example.org")

    async with eraser.begin() as tx:
        erased = await erase(tx, club.INVENTORY, [subject])

    assert (erased.closed, erased.rows) == ([subject], {"member": 1, "subject": 1})
