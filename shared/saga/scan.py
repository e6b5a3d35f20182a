"""Look through every column of a slice, whatever its size and kind: the last look.

A look at once (`search.py`) leaves out what would cost too much for each batch: large columns
without an index, and values inside JSON, arrays and bytes. This reads every relation once for many
requests together. What counts is a whole value: a column, an element, a string in JSON, bytes. A
mention inside somebody else's sentence is that person's, and is not looked for.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.database import Transaction
from shared.saga.catalogue import Column, Relation, read_catalogue
from shared.saga.search import (
    TEXTS,
    UUIDS,
    CannotLook,
    Remains,
    way_to_root,
    within_sight,
)

LONGEST: Final = 1_020  # bytes of an address: 254 characters of up to 4 bytes (RFC 5321 4.5.3.1)
ARRAYS: Final = frozenset(f"_{name}" for name in TEXTS | UUIDS)
JSONS: Final = frozenset({"json", "jsonb"})
BYTES: Final = "bytea"
# Types whose values are no text: nothing in them is an address or an id of ours.
NO_TEXT: Final = frozenset(
    {
        *("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "money", "oid"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
        *("inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "point", "pg_lsn", "xid8"),
        *("int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange"),
        *("_bool", "_int2", "_int4", "_int8", "_float8", "_numeric", "_timestamptz", "_date"),
    }
)


async def scan(tx: Transaction, ids: Collection[UUID], addresses: Collection[str]) -> Remains:
    """Search every column of every relation, one statement for each. Raises CannotLook.

    A column of a kind that nobody taught this to read makes it fail: not having looked is no
    answer.
    """
    relations = within_sight(await read_catalogue(tx))
    by_oid = {relation.oid: relation for relation in relations}
    meant = _spelled(ids, addresses)
    left_ids: dict[UUID, int] = {}
    left_addresses: dict[str, list[datetime | None]] = {}
    for relation in relations:
        statement = statement_of(relation, by_oid)
        for row in await tx.fetch(statement, list(meant)) if statement else ():
            found = meant[row["value"]]
            if isinstance(found, UUID):
                left_ids[found] = left_ids.get(found, 0) + 1
            else:
                left_addresses.setdefault(found, []).append(row["since"])
    return Remains(left_ids, left_addresses)


def _spelled(ids: Collection[UUID], addresses: Collection[str]) -> dict[str, UUID | str]:
    """Write ids and addresses as text, and as the hexadecimal digits of their bytes."""
    spelled: dict[str, UUID | str] = {str(one): one for one in ids}
    spelled |= {one.bytes.hex(): one for one in ids}
    spelled |= {one: one for one in addresses}
    return spelled | {one.encode().hex(): one for one in addresses}


def statement_of(relation: Relation, by_oid: Mapping[int, Relation]) -> str:
    """Write the search of one relation for the texts in $1; empty if no column can hold one."""
    parts = [part for column in relation.columns for part in _values(column)]
    if not parts:
        return ""
    joins, since = way_to_root(relation, by_oid)
    return (
        "with wanted as materialized (select unnest($1::text[]) as value)\n"
        f"select v.value, {since} as since from {relation.quoted} t{joins}\n"
        f" cross join lateral ({' union all '.join(parts)}) as v (value)\n"
        # `is true` keeps it a look-up in a hash for each value: as a join the planner, which knows
        # nothing of these values, would compare each of them with each wanted one.
        " where (v.value in (select value from wanted)) is true"
    )


def _values(column: Column) -> Sequence[str]:
    """Write queries for the whole values in a column of row `t`. Raises CannotLook."""
    name = f"t.{column.quoted}"
    if column.type in UUIDS:
        return (f"select {name}::text",)
    if column.type in TEXTS:
        return (f"select {name}::text where octet_length({name}::text) <= {LONGEST}",)
    if column.type in ARRAYS:
        return (f"select unnest({name}::text[])",)
    if column.type in JSONS:
        strings = 'strict $.** ? (@.type() == "string")'
        keys = 'strict $.** ? (@.type() == "object").keyvalue().key'
        return tuple(
            f"select j #>> '{{}}' from jsonb_path_query({name}::jsonb, '{path}') j"
            for path in (strings, keys)
        )
    if column.type == BYTES:
        return (f"select encode({name}, 'hex') where octet_length({name}) <= {LONGEST}",)
    if column.type in NO_TEXT or column.listed:
        return ()
    raise CannotLook
