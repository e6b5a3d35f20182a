"""Every statement about issues and their deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.identifiers import uuid7
from services.newsletter.rules import Issue, State, Text
from services.newsletter.settings import ISSUE, ISSUE_GIVE_UP
from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Begun:
    """An issue that was begun: its words are fixed."""

    issue_id: UUID
    content_sha256: str
    queued_at: datetime | None


async def find_issue(tx: Transaction, name: str) -> Begun | None:
    """Give an issue that was begun under this name, or None."""
    row = await tx.fetchrow(
        "select issue_id, content_sha256, queued_at from issue where name = $1", name
    )
    return None if row is None else Begun(**row)


async def begin_issue(tx: Transaction, issue: Issue) -> UUID:
    """Fix an issue's words; a second begin at the same moment fails on the name."""
    issue_id = uuid7()
    await tx.execute(
        """
        insert into issue (issue_id, name, content_sha256, begun_at)
        values ($1, $2, $3, $4)
        """,
        issue_id, issue.name, issue.content_sha256, tx.now,
    )  # fmt: skip
    await tx.executemany(
        "insert into issue_text (issue_id, language, subject, markdown) values ($1, $2, $3, $4)",
        [
            (issue_id, language, text.subject, text.markdown)
            for language, text in issue.texts.items()
        ],
    )
    return issue_id


async def queue_deliveries(
    tx: Transaction, issue_id: UUID, after: UUID | None, limit: int
) -> UUID | None:
    """Queue a mail for the next `limit` subscribers behind `after` who have no delivery yet.

    Out: the last subject of this batch, to go on behind it; None when all are queued. Subscribers
    and mails are joined in one statement, so a kill queues whole batches or nothing.
    """
    last: UUID | None = await tx.fetchval(
        """
        with batch as (
            select subject_id, language
              from subscriber
             where ended_at is null
               and not is_restricted(subject_id)
               and ($2::uuid is null or subject_id > $2)
             order by subject_id
             limit $3
        ), fresh as (
            insert into delivery (subject_id, issue_id)
            select subject_id, $1 from batch
                on conflict do nothing
            returning subject_id
        ), queued as (
            insert into mail (mail_id, subject_id, kind, template, language, message_id,
                              parameters, next_try_at, tries, give_up_at)
            select id, subject_id, $4, $4, language, id::text,
                   jsonb_build_object('issue_id', $1::text), clock_timestamp(), 0, $5
              from (select gen_random_uuid() as id, subject_id, language
                      from fresh join batch using (subject_id)) as wanted
        )
        select max(subject_id::text)::uuid from batch
        """,
        issue_id, after, limit, ISSUE, tx.now + ISSUE_GIVE_UP,
    )  # fmt: skip
    tx.wrote_mail()
    return last


async def end_queueing(tx: Transaction, issue_id: UUID) -> None:
    """Note that everybody who was subscribed then has a delivery."""
    await tx.execute("update issue set queued_at = $2 where issue_id = $1", issue_id, tx.now)


async def count_subscribers(tx: Transaction) -> int:
    """Count who would get an issue now."""
    count: int = await tx.fetchval(
        """
        select count(*)
          from subscriber
         where ended_at is null and not is_restricted(subject_id)
        """
    )
    return count


async def count_states(tx: Transaction, issue_id: UUID) -> Mapping[State, int]:
    """Count an issue's deliveries by what became of them.

    Subscribers who left are not in it, nor restricted ones: nothing goes to them now (Art. 18).
    """
    rows = await tx.fetch(
        """
        select state, count(*)
          from delivery
          join subject using (subject_id)
         where issue_id = $1 and restricted_at is null
         group by state
        """,
        issue_id,
    )
    return {State(row["state"]): row["count"] for row in rows}


async def text_of(tx: Transaction, issue_id: UUID, language: str) -> Text | None:
    """Give an issue's words in a language, or in the one there is."""
    row = await tx.fetchrow(
        """
        select subject, markdown
          from issue_text
         where issue_id = $1
         order by language = $2 desc
         limit 1
        """,
        issue_id, language,
    )  # fmt: skip
    return None if row is None else Text(**row)


async def is_queued(tx: Transaction, issue_id: UUID, subject_id: UUID) -> bool:
    """Say whether this delivery is still to be made."""
    found: bool = await tx.fetchval(
        """
        select exists (select
                         from delivery
                        where subject_id = $1 and issue_id = $2 and state = 'queued')
        """,
        subject_id, issue_id,
    )  # fmt: skip
    return found


async def note(tx: Transaction, issue_id: UUID, subject_id: UUID, state: State) -> None:
    """Write down what became of one delivery."""
    await tx.execute(
        "update delivery set state = $3 where subject_id = $1 and issue_id = $2",
        subject_id, issue_id, state,
    )  # fmt: skip
