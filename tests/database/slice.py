"""A small slice that the tests of database, inventory and deadlines share."""

import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID, uuid4

from contracts.proof import Signer
from contracts.vocabulary import Ground, Role
from shared.database import Transaction
from shared.inventory import (
    Anonymise,
    Basis,
    Forever,
    Hold,
    Inventory,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Table,
    UntilWithdrawn,
    WithSubject,
)

SERVICE = "club"
FOLDER = Path(__file__).with_name("migrations")

MEMBER = Table(
    name="member",
    purpose="know who belongs to the club",
    basis=Basis.CONSENT,
    keep=UntilWithdrawn(),
    columns={
        "subject_id": Root(),
        "email": Personal("address that joined"),
        "points": NotPersonal("a count"),
    },
)
SEAT = Table(
    name="seat",
    purpose="keep a seat",
    keep=WithSubject(),
    erasure=Anonymise(into="town_count", keeping=("town",), method="counted by town"),
    columns={
        "seat_id": NotPersonal("a random id"),
        "subject_id": Root(),
        "town": NotPersonal("one of five towns"),
    },
)
BADGE = Table(
    name="badge",
    purpose="print a badge",
    keep=WithSubject(),
    references=("seat",),
    columns={"seat_id": NotPersonal("a random id"), "subject_id": Root()},
)
TOWN_COUNT = Table(
    name="town_count",
    purpose="know how many came",
    keep=Forever("counts only"),
    kind=Kind.AGGREGATE,
    columns={"town": NotPersonal("a town"), "count": NotPersonal("a count")},
)
NOTE = Table(
    name="note",
    purpose="test what is append-only",
    keep=Forever("it names nobody"),
    kind=Kind.PLUMBING,
    columns={"note_id": NotPersonal("an id"), "text": NotPersonal("invented")},
)
KEPT = Hold("seats", Ground.CONTRACT, "hgb-257", {"seat": ("town",)})
INVENTORY = Inventory(SERVICE, (MEMBER, SEAT, BADGE, TOWN_COUNT, NOTE), holds=(KEPT,))


def signer() -> Signer:
    """Make a key of the service for one test."""
    return Signer(SERVICE, Role.SERVICE, os.urandom(32))


async def join(tx: Transaction, email: str = "ada@example.org") -> UUID:
    """Add one member."""
    (subject,) = await join_all(tx, [email])
    return subject


async def join_all(tx: Transaction, emails: Iterable[str]) -> list[UUID]:
    """Add members, one statement a table."""
    addresses = list(emails)
    subjects = [uuid4() for _ in addresses]
    await tx.execute("insert into subject (subject_id) select unnest($1::uuid[])", subjects)
    await tx.execute(
        "insert into member (subject_id, email) select * from unnest($1::uuid[], $2::text[])",
        subjects,
        addresses,
    )
    return subjects
