"""Every statement about promotion mails and their deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.identifiers import uuid7
from services.registration.issue import Issue, State, Text
from services.registration.settings import GIVE_UP, ISSUE, PROMOTION
from shared.database import Transaction

# Declaration B holds, and the account is live: asked again before each delivery.
_WANTED = """
    exists (select from consent c where c.subject_id = account.subject_id and c.purpose = $1)
    and not exists (select from objection o
                     where o.subject_id = account.subject_id and o.purpose = $1)
    and confirmed_at is not null and ended_at is null and not is_restricted(account.subject_id)
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A promotion that was begun: its words are fixed."""

    promotion_id: UUID
    content_sha256: str
    queued_at: datetime | None


async def find(tx: Transaction, name: str) -> Begun | None:
    """Give a promotion that was begun under this name, or None."""
    row = await tx.fetchrow(
        "select promotion_id, content_sha256, queued_at from promotion where name = $1", name
    )
    return None if row is None else Begun(**row)


async def begin(tx: Transaction, issue: Issue) -> UUID:
    """Fix a promotion's words; a second begin at the same moment fails on the name."""
    promotion_id = uuid7()
    await tx.execute(
        """
        insert into promotion (promotion_id, name, content_sha256, begun_at)
        values ($1, $2, $3, $4)
        """,
        promotion_id, issue.name, issue.content_sha256, tx.now,
    )  # fmt: skip
    await tx.executemany(
        """
        insert into promotion_text (promotion_id, language, subject, markdown)
        values ($1, $2, $3, $4)
        """,
        [
            (promotion_id, language, text.subject, text.markdown)
            for language, text in issue.texts.items()
        ],
    )
    return promotion_id


async def queue(tx: Transaction, promotion_id: UUID, after: UUID | None, limit: int) -> UUID | None:
    """Queue a mail for the next `limit` accounts behind `after` that agreed and have none yet.

    Out: the last subject of this batch, to go on behind it; None when all are queued.
    """
    last: UUID | None = await tx.fetchval(
        f"""
        with batch as (
            select subject_id, language
              from account
             where {_WANTED}
               and ($3::uuid is null or subject_id > $3)
             order by subject_id
             limit $4
        ), fresh as (
            insert into delivery (subject_id, promotion_id)
            select subject_id, $2 from batch
                on conflict do nothing
            returning subject_id
        ), queued as (
            insert into mail (mail_id, subject_id, kind, template, language, message_id,
                              parameters, next_try_at, tries, give_up_at)
            select id, subject_id, $5, $5, language, id::text,
                   jsonb_build_object('promotion_id', $2::text), clock_timestamp(), 0, $6
              from (select gen_random_uuid() as id, subject_id, language
                      from fresh join batch using (subject_id)) as wanted
        )
        select max(subject_id::text)::uuid from batch
        """,
        PROMOTION, promotion_id, after, limit, ISSUE, tx.now + GIVE_UP,
    )  # fmt: skip
    tx.wrote_mail()
    return last


async def end_queueing(tx: Transaction, promotion_id: UUID) -> None:
    """Note that everybody who had agreed then has a delivery."""
    await tx.execute(
        "update promotion set queued_at = $2 where promotion_id = $1", promotion_id, tx.now
    )


async def count_wanted(tx: Transaction) -> int:
    """Count who would get a promotion now."""
    count: int = await tx.fetchval(f"select count(*) from account where {_WANTED}", PROMOTION)
    return count


async def count_states(tx: Transaction, promotion_id: UUID) -> Mapping[State, int]:
    """Count a promotion's deliveries by what became of them; who left is not among them."""
    rows = await tx.fetch(
        """
        select state, count(*)
          from delivery
          join subject using (subject_id)
         where promotion_id = $1 and restricted_at is null
         group by state
        """,
        promotion_id,
    )
    return {State(row["state"]): row["count"] for row in rows}


async def text_of(tx: Transaction, promotion_id: UUID, language: str) -> Text | None:
    """Give a promotion's words in a language."""
    row = await tx.fetchrow(
        """
        select subject, markdown
          from promotion_text
         where promotion_id = $1 and language = $2
        """,
        promotion_id, language,
    )  # fmt: skip
    return None if row is None else Text(**row)


async def is_queued(tx: Transaction, promotion_id: UUID, subject_id: UUID) -> bool:
    """Say whether this delivery is still to be made."""
    found: bool = await tx.fetchval(
        """
        select exists (select
                         from delivery
                        where subject_id = $1 and promotion_id = $2 and state = 'queued')
        """,
        subject_id, promotion_id,
    )  # fmt: skip
    return found


async def note(tx: Transaction, promotion_id: UUID, subject_id: UUID, state: State) -> None:
    """Write down what became of one delivery."""
    await tx.execute(
        "update delivery set state = $3 where subject_id = $1 and promotion_id = $2",
        subject_id, promotion_id, state,
    )  # fmt: skip
