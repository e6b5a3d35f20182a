"""Look into a slice as a stranger: from the database's own catalogue, never from an inventory.

Nothing here knows a table of any service. What the catalogue shows is searched; what may not be
read, or is hidden by a policy, makes the look fail: a hidden row would look like nothing held.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from shared.database import Transaction
from shared.saga.catalogue import Column, Relation, read_catalogue

ROOT: Final = "subject"
SMALL_BYTES: Final = 16 * 1024 * 1024  # a relation that may be scanned for each batch
TINY_BYTES: Final = 64 * 1024
NO_WAY: Final = "", "null::timestamptz"
VALUE: Final = '"what was looked for"'  # beside a relation's own columns
HELD: Final = "held"
# Outside by design: what open requests are about, keyed digests of a day, and retained values,
# of which the verifier sees everything but the values: they are counted.
OUTSIDE: Final = frozenset({"alias", "ephemeral", HELD})
UUIDS: Final = frozenset({"uuid"})
TEXTS: Final = frozenset({"text", "varchar", "bpchar", "citext", "name"})


class CannotLook(Exception):  # noqa: N818
    """There is a relation that the verifier may not read as a whole: nothing can be said."""


Term: TypeAlias = tuple[str, str, datetime]  # ground, paragraph, end (UTC)


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left: how often each closed id stands somewhere; each address with its times.

    A time is `address_since` of the relationship that the row hangs on; None if on none. `held`:
    how many rows were moved aside on a request, by what they are kept for.
    """

    ids: Mapping[UUID, int]
    addresses: Mapping[str, Sequence[datetime | None]]
    held: Mapping[UUID, Mapping[Term, int]] = field(default_factory=dict)


async def look(
    tx: Transaction,
    ids: Collection[UUID],
    addresses: Collection[str],
    requests: Collection[UUID] = (),
) -> Remains:
    """Search every relation for closed ids and exact addresses: one statement for each kind.

    Columns with an index are always searched, others where the relation is at most 16 MB. Rows of
    `held` are counted for these requests. Raises CannotLook.
    """
    relations = await read_catalogue(tx)
    visible, aside = within_sight(relations), _aside(relations) if requests else []
    # What may be looked up in an index is: where a column's few values are known to the planner, it
    # would read the whole table for each address instead.
    await tx.execute("set local enable_seqscan = off")
    left_ids: dict[UUID, int] = {}
    left_addresses: dict[str, list[datetime | None]] = {}
    held: dict[UUID, dict[Term, int]] = {}
    id_statement, text_statement = statements(visible)
    if aside:
        for row in await tx.fetch(_with_held(id_statement, aside), sorted(ids), sorted(requests)):
            if row["rows"] is None:
                left_ids[row["value"]] = left_ids.get(row["value"], 0) + 1
            else:
                term = row["ground"], row["reference"], row["until"]
                held.setdefault(row["value"], {})[term] = row["rows"]
    elif ids and id_statement:
        for row in await tx.fetch(id_statement, sorted(ids)):
            left_ids[row["value"]] = left_ids.get(row["value"], 0) + 1
    if addresses and text_statement:
        for row in await tx.fetch(text_statement, sorted(addresses)):
            left_addresses.setdefault(row["value"], []).append(row["since"])
    return Remains(left_ids, left_addresses, held)


def _aside(relations: Sequence[Relation]) -> list[Relation]:
    """Give the kernel's own `held`, if it may have rows."""
    ours = {relation.schema for relation in relations if relation.name == ROOT}
    return [
        relation
        for relation in relations
        if relation.name == HELD and relation.schema in ours and not relation.empty
    ]


def _with_held(id_statement: str, aside: Sequence[Relation]) -> str:
    """Let the search for ids also count what was moved aside on the requests in $2."""
    found = id_statement or f"select unnest($1::uuid[]) as value, {NO_WAY[1]} as since limit 0"
    nothing = "null::text as ground, null::text as reference, null::timestamptz as until"
    parts = [f"select value, {nothing}, null::bigint as rows from ({found}) found"]
    parts += [
        "select request_id, ground, reference, until, count(*)"
        f" from {relation.quoted} where request_id = any($2::uuid[]) group by 1, 2, 3, 4"
        for relation in aside
    ]
    return "\nunion all\n".join(parts)


def within_sight(relations: Sequence[Relation]) -> list[Relation]:
    """Leave out what is outside by design. Raises CannotLook if anything else is hidden.

    Only the kernel's own tables are outside, beside `subject`: the same name in another schema,
    where anything could be put, is looked at like any other.
    """
    ours = {relation.schema for relation in relations if relation.name == ROOT}
    seen = [
        relation
        for relation in relations
        if relation.name not in OUTSIDE or relation.schema not in ours
    ]
    if any(relation.hidden for relation in seen):
        raise CannotLook
    return seen


def statements(relations: Sequence[Relation]) -> tuple[str, str]:
    """Write the two searches over all relations; $1 is an array of ids or of addresses.

    A relation of a few pages is read once for all of its columns, which takes less than to plan
    and ask an index for each.
    """
    by_oid = {relation.oid: relation for relation in relations}
    id_parts: list[str] = []
    text_parts: list[str] = []
    for relation in relations:
        if relation.empty:
            continue
        ids = [column for column in relation.columns if column.type in UUIDS]
        texts = [column for column in relation.columns if column.type in TEXTS]
        way = way_to_root(relation, by_oid)
        if relation.size <= TINY_BYTES:
            id_parts += _whole(relation, "uuid", ids, NO_WAY)
            text_parts += _whole(relation, "text", texts, way)
        else:
            id_parts += [_id_part(relation, column) for column in ids if _seen(relation, column)]
            text_parts += [
                _text_part(relation, column, way) for column in texts if _seen(relation, column)
            ]
    return _united("uuid", id_parts), _united("text", text_parts)


def _seen(relation: Relation, column: Column) -> bool:
    return column.indexed or relation.size <= SMALL_BYTES


def _united(kind: str, parts: Sequence[str]) -> str:
    if not parts:
        return ""
    wanted = f"with wanted as materialized (select unnest($1::{kind}[]) as value)\n"
    return wanted + "\nunion all\n".join(parts)


def _whole(
    relation: Relation, kind: str, columns: Sequence[Column], way: tuple[str, str]
) -> list[str]:
    """Read a whole relation for all of these columns; a value in two of them is found twice."""
    if not columns:
        return []
    values = ", ".join(f"(t.{column.quoted}::{kind})" for column in columns)
    found = (
        f"select t.*, v.{VALUE} from {relation.quoted} t"
        f" cross join lateral (values {values}) as v ({VALUE})"
        f" where v.{VALUE} = any($1::{kind}[])"
    )
    return [_with_time(found, way)]


def _id_part(relation: Relation, column: Column) -> str:
    return (
        f"select t.{column.quoted} as value, {NO_WAY[1]} as since from {relation.quoted} t"
        f" where t.{column.quoted} = any($1::uuid[])"
    )


def _text_part(relation: Relation, column: Column, way: tuple[str, str]) -> str:
    """Search one text column, joined to `subject` along its foreign keys where there is a way.

    A column with an index is looked up address by address: without planner statistics (they would
    keep samples of addresses) `= any` would read the whole table. Any other is read as it stands:
    by another collation than an index has, so that none is gone through that ends with it.
    """
    if column.indexed:
        looked_up = f"select * from {relation.quoted} t where t.{column.quoted} = w.value offset 0"
        found = f"select t.*, w.value as {VALUE} from wanted w cross join lateral ({looked_up}) t"
    else:
        found = (
            f"select t.*, t.{column.quoted}::text as {VALUE} from {relation.quoted} t"
            f' where t.{column.quoted}::text collate "C" = any($1::text[])'
        )
    return _with_time(found, way)


def _with_time(found: str, way: tuple[str, str]) -> str:
    """Ask for the time of what was found, and of nothing else."""
    joins, since = way
    return f"select t.{VALUE} as value, {since} as since from ({found} offset 0) t{joins}"


def way_to_root(relation: Relation, by_oid: Mapping[int, Relation]) -> tuple[str, str]:
    """Write the shortest joins from `t` to `subject`, and the expression for `address_since`.

    A row that hangs on nobody has no time: it counts whenever it was written.
    """
    if relation.name == ROOT:
        return "", "t.address_since"
    ways: list[tuple[Relation, tuple[Any, ...]]] = [(relation, ())]
    seen = {relation.oid}
    while ways:
        here, steps = ways.pop(0)
        for key in here.keys:
            there = by_oid.get(key.to)
            if there is None or there.oid in seen:
                continue
            taken = (*steps, (there, key))
            if there.name == ROOT:
                return _joins(taken), f"j{len(taken)}.address_since"
            seen.add(there.oid)
            ways.append((there, taken))
    return NO_WAY


def _joins(steps: Sequence[tuple[Relation, Any]]) -> str:
    """Follow foreign keys row by row: joined otherwise, all of `subject` might be read."""
    sql = ""
    for number, (relation, key) in enumerate(steps, 1):
        before = "t" if number == 1 else f"j{number - 1}"
        pairs = " and ".join(
            f"there.{theirs} = {before}.{ours}"
            for ours, theirs in zip(key.columns, key.targets, strict=True)
        )
        looked_up = f"select * from {relation.quoted} there where {pairs} offset 0"
        sql += f" left join lateral ({looked_up}) j{number} on true"
    return sql
