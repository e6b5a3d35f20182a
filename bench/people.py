"""Invented subscribers in bulk: the rows that a confirmed subscription really has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from bench.place import Admin
from contracts.identifiers import uuid7
from services.newsletter.settings import LINK_LIFE, PURPOSE, SERVICE, UNSUBSCRIBE, WORDING
from services.rights.settings import CONFIRM, UNCONFIRMED
from services.rights.settings import SERVICE as RIGHTS
from shared.settings import Settings

COLUMNS = {  # what is written, parents first
    "subject": ("subject_id", "begun_at", "address_since"),
    "subscriber": (
        *("subject_id", "email", "first_name", "last_name", "language", "button"),
        *("submitted_at", "confirmed_at"),
    ),
    "consent": (
        *("consent_id", "subject_id", "purpose", "wording", "wording_version"),
        *("wording_sha256", "language", "form", "granted_at"),
    ),
    "token": ("token_sha256", "subject_id", "purpose", "expires_at"),
    "delivery": ("subject_id", "issue_id", "state"),
}
TABLES = tuple(reversed(COLUMNS))  # children first, as rows are deleted
ASKING = {  # what the form of rights writes for a request that waits for its click
    "subject": ("subject_id", "begun_at", "address_since"),
    "unconfirmed": ("subject_id", "address", "language", "received_at"),
    "token": ("token_sha256", "subject_id", "purpose", "expires_at"),
    "deadline": ("deadline_id", "subject_id", "kind", "due_at"),
}
ASKING_TABLES = tuple(reversed(ASKING))
ROWS_EACH = len(TABLES) + len(ASKING_TABLES)
WORDING_SHA256 = bytes(32)


@dataclass(frozen=True, slots=True)
class Someone:
    """One invented subscriber who asks to be erased: a subject in each of the two slices."""

    subject_id: UUID
    asking_id: UUID
    address: str


async def subscribe_many(settings: Settings, count: int) -> list[Someone]:
    """Write subscribers with consent, token and one delivery, who have filled the form of rights.

    Gives who they are.
    """
    people = [Someone(uuid4(), uuid4(), f"{uuid4().hex}@example.org") for _ in range(count)]
    now = datetime.now(UTC)
    async with Admin(settings, SERVICE) as connection, connection.transaction():
        issue = await _issue(connection, now)
        for table, columns in COLUMNS.items():
            await connection.copy_records_to_table(
                table,
                columns=list(columns),
                records=[tuple(_rows(one, issue, now)[table]) for one in people],
            )
    async with Admin(settings, RIGHTS) as connection, connection.transaction():
        for table, columns in ASKING.items():
            await connection.copy_records_to_table(
                table,
                columns=list(columns),
                records=[tuple(_asking(one, now)[table]) for one in people],
            )
    return people


def _asking(one: Someone, now: datetime) -> dict[str, list[object]]:
    """One row for each table, in the order of ASKING."""
    who, later = one.asking_id, now + timedelta(days=7)
    return {
        "subject": [who, now, now],
        "unconfirmed": [who, one.address, "en", now],
        "token": [uuid4().bytes + uuid4().bytes, who, CONFIRM, later],
        "deadline": [uuid7(), who, UNCONFIRMED, later],
    }


def _rows(one: Someone, issue: UUID, now: datetime) -> dict[str, list[object]]:
    """One row for each table, in the order of COLUMNS."""
    who = one.subject_id
    return {
        "subject": [who, now, now],
        "subscriber": [who, one.address, "Ada", "Quillfeather", "en", "Subscribe", now, now],
        "consent": [uuid7(), who, PURPOSE, WORDING, "1", WORDING_SHA256, "en", "subscribe", now],
        "token": [uuid4().bytes + uuid4().bytes, who, UNSUBSCRIBE, now + LINK_LIFE],
        "delivery": [who, issue, "sent"],
    }


async def _issue(connection: Any, now: datetime) -> UUID:
    issue = uuid7()
    await connection.execute(
        """
        insert into issue (issue_id, name, content_sha256, begun_at, queued_at)
        values ($1, $2, '', $3, $3)
        """,
        issue,
        str(issue),
        now - timedelta(minutes=1),
    )
    return issue


async def digest_of(settings: Settings, people: Sequence[Someone]) -> dict[str, str]:
    """Digest every row of these people, by table: untouched means the same digests."""
    async with Admin(settings, SERVICE) as connection:
        return {
            table: await connection.fetchval(
                f"""
                select count(*) || ' ' || md5(string_agg(t::text, '' order by t::text))
                  from {table} t
                 where subject_id = any($1::uuid[])
                """,
                [one.subject_id for one in people],
            )
            for table in TABLES
        }
