"""Erase a slice: derived from its inventory alone, so that no service writes a delete for it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

from contracts.fields import Held
from shared.database import Transaction
from shared.disclosure.telling import end_disclosures
from shared.inventory.disclosed import DISCLOSURE
from shared.inventory.holds import Kept, as_told, move_aside
from shared.inventory.inventory import Inventory
from shared.inventory.model import SUBJECT, Anonymise, Table

MAX_BATCH: Final = 5_000  # subjects of one statement
NOBODY: Final[Mapping[UUID, UUID | None]] = MappingProxyType({})


@dataclass(slots=True)
class Erased:
    """What is gone: `closed` are the subjects, sorted; `counts` rows by table and subject.

    `restricted` were left alone, since nobody asked and the person restricted them.
    `kept` is what was moved aside under a hold; `counted` are those of whom counts remain;
    `told` are the recipients outside who are told of the end, by subject.
    """

    closed: list[UUID] = field(default_factory=list)
    restricted: list[UUID] = field(default_factory=list)
    counts: dict[str, Counter[UUID]] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)
    counted: set[UUID] = field(default_factory=set)
    told: dict[UUID, set[str]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """Rows deleted, by table; tables without any are left out."""
        return {table: counter.total() for table, counter in self.counts.items() if counter}

    def rows_of(self, subjects: Iterable[UUID]) -> dict[str, int]:
        """Rows deleted of these subjects, by table; tables without any are left out."""
        chosen = list(subjects)
        found = {
            table: sum(counter[subject] for subject in chosen)
            for table, counter in self.counts.items()
        }
        return {table: count for table, count in found.items() if count}

    def held_of(self, subjects: Iterable[UUID]) -> tuple[Held, ...]:
        """Say what is kept of these subjects, as a receipt says it."""
        if not self.kept:
            return ()
        chosen = set(subjects)
        return as_told(one for one in self.kept if one.subject_id in chosen)

    def told_of(self, subjects: Iterable[UUID]) -> set[str]:
        """Name the recipients who are told of the end of these subjects."""
        if not self.told:
            return set()
        return set().union(*(self.told.get(subject, ()) for subject in subjects))


async def erase(
    tx: Transaction,
    inventory: Inventory,
    subjects: Iterable[UUID],
    *,
    asked: bool = True,
    requests: Mapping[UUID, UUID | None] = NOBODY,
) -> Erased:
    """Delete subjects and everything that hangs on them, children first (GDPR Art. 17(1)).

    `asked`: the person wants it, which ends a restriction (Art. 18). Otherwise restricted
    subjects stay. Subjects that do not exist are passed over. Needs the role `eraser`.
    What a hold keeps moves to `held` first; `requests` says on whose request, by subject. Who was
    told something about them is told of the end (Art. 19).
    The subjects' rows are locked first: a child that is being written now is waited for and
    deleted, a later one fails its foreign key.
    """
    erased = Erased()
    wanted = sorted(set(subjects))
    for start in range(0, len(wanted), MAX_BATCH):
        chosen = await _lock(tx, wanted[start : start + MAX_BATCH], erased, asked=asked)
        if not chosen:
            continue
        erased.kept += await move_aside(tx, inventory, chosen, requests)
        for table in inventory.deletion_order:
            if isinstance(table.erasure, Anonymise):
                erased.counted |= await _count_in(tx, table, table.erasure, chosen)
            if table is DISCLOSURE:
                await _tell(tx, chosen, requests, erased)
            else:
                await _delete(tx, table.name, chosen, erased)
        await tx.execute("select delete_subjects($1)", chosen)
        erased.counts.setdefault(SUBJECT, Counter()).update(chosen)
        erased.closed += chosen
    return erased


async def _lock(
    tx: Transaction, subjects: list[UUID], erased: Erased, *, asked: bool
) -> list[UUID]:
    rows = await tx.fetch(
        """
        select subject_id, restricted_at
          from subject
         where subject_id = any($1)
         order by subject_id
           for update
        """,
        subjects,
    )
    restricted = [row["subject_id"] for row in rows if row["restricted_at"]]
    if restricted and asked:
        await tx.execute(
            "update subject set restricted_at = null where subject_id = any($1)", restricted
        )
    elif restricted:
        erased.restricted += restricted
        rows = [row for row in rows if not row["restricted_at"]]
    return [row["subject_id"] for row in rows]


async def _delete(tx: Transaction, table: str, subjects: list[UUID], erased: Erased) -> None:
    rows = await tx.fetch(
        f'delete from "{table}" where subject_id = any($1) returning subject_id', subjects
    )
    if rows:
        erased.counts.setdefault(table, Counter()).update(row[0] for row in rows)


async def _tell(
    tx: Transaction,
    subjects: list[UUID],
    requests: Mapping[UUID, UUID | None],
    erased: Erased,
) -> None:
    """Delete what was passed on, into the list of recipients who must be told (Art. 19)."""
    ended = await end_disclosures(tx, {subject: requests.get(subject) for subject in subjects})
    for subject, recipient in ended:
        erased.counts.setdefault(DISCLOSURE.name, Counter())[subject] += 1
        erased.told.setdefault(subject, set()).add(recipient)


async def _count_in(
    tx: Transaction, table: Table, rule: Anonymise, subjects: list[UUID]
) -> set[UUID]:
    columns = ", ".join(f'"{column}"' for column in rule.keeping)
    await tx.execute(
        f"""
        insert into "{rule.into}" as total ({columns}, count)
        select {columns}, count(*)
          from "{table.name}"
         where subject_id = any($1)
         group by {columns}
            on conflict ({columns}) do update set count = total.count + excluded.count
        """,
        subjects,
    )
    rows = await tx.fetch(
        f'select distinct subject_id from "{table.name}" where subject_id = any($1)', subjects
    )
    return {row["subject_id"] for row in rows}
