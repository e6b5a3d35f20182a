"""Whom a request is about: exactly its address, and only relationships from before."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.newsletter import store
from shared.web.addresses import exact_address
from tests.newsletter.site import Newsletter


@dataclass(frozen=True)
class Asked:
    """A resolved request."""

    request_id: UUID
    covered_until: datetime
    addresses: tuple[str, ...] = ()
    subjects: tuple[UUID, ...] = ()


def _now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


async def _find(newsletter: Newsletter, *asked: Asked, until: datetime | None = None) -> object:
    async with newsletter.eraser.begin() as tx:
        return await store.find_subjects(tx, asked, until or _now())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stored", "asked", "same"),
    [
        ("Ann@Example.org", "Ann@example.ORG", True),
        ("Ann2@example.org", "ann2@example.org", False),
        ("ann3+ser@example.org", "ann3@example.org", False),
        ("ann4@bücher.example.org", "ann4@xn--bcher-kva.example.org", True),
        ("ann5@xn--bcher-kva.example.org", "ann5@BÜCHER.example.org", True),
    ],
)
async def test_one_spelling_is_one_relationship(
    newsletter: Newsletter, stored: str, asked: str, *, same: bool
) -> None:
    await newsletter.subscribe(stored)
    row = await newsletter.row(
        "select subject_id from pending where email = $1", exact_address(stored)
    )
    request = Asked(uuid4(), _now(), (exact_address(asked),))

    found = await _find(newsletter, request)

    assert found == ({request.request_id: {row[0]}} if same else {})


async def test_sign_ups_and_subscriptions_of_an_address_are_all_found_in_one_look(
    newsletter: Newsletter,
) -> None:
    ada, grace = newsletter.address(), newsletter.address()
    subscriber = await newsletter.subscribed(ada)
    await newsletter.subscribe(ada)
    pending = (await newsletter.row("select subject_id from pending where email = $1", ada))[0]
    other = await newsletter.subscribed(grace)
    by_address, by_subject = Asked(uuid4(), _now(), (ada,)), Asked(uuid4(), _now(), (), (other,))
    nobody = Asked(uuid4(), _now(), ("nobody@example.org",))

    found = await _find(newsletter, by_address, by_subject, nobody)

    assert found == {by_address.request_id: {subscriber, pending}, by_subject.request_id: {other}}


async def test_who_came_after_the_cut_off_is_a_stranger(newsletter: Newsletter) -> None:
    ada = newsletter.address()
    before = datetime.now(UTC)
    await newsletter.subscribed(ada)

    assert await _find(newsletter, Asked(uuid4(), before, (ada,)), until=before) == {}


async def test_the_look_up_uses_the_indexes_without_statistics(newsletter: Newsletter) -> None:
    async with newsletter.eraser.begin() as tx:
        await tx.execute("set local enable_seqscan = on")
        plan = await tx.fetch(
            """
            explain
            select found.subject_id
              from unnest($1::text[]) as asked (email)
             cross join lateral (
                   select subject_id from subscriber where email = asked.email
                    union all
                   select subject_id from pending where email = asked.email
                   offset 0) as found
            """,
            ["a@example.org"] * 500,
        )
        samples = await tx.fetchval(
            "select count(*) from pg_stats where attname in ('email', 'first_name', 'last_name')"
        )

    text = "\n".join(row[0] for row in plan)
    assert "subscriber_email_idx" in text or "one_subscription" in text
    assert "pending_email_idx" in text
    assert samples == 0
