"""What a database says about itself: relations, columns, foreign keys, and what is hidden."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `type` is the base type's name, `indexed` that an index begins with it.

    `listed`: its values are those of an enumeration.
    """

    quoted: str
    type: str
    listed: bool
    indexed: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key to the relation with oid `to`; columns and their targets, quoted."""

    to: int
    columns: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A table, partition, foreign table or materialised view.

    `hidden`: this role may not read it, or a row level policy may keep rows from it. `size` in
    bytes on disk; `empty`: it has no page here that a row could stand in.
    """

    oid: int
    schema: str
    name: str
    quoted: str
    hidden: bool
    size: int
    empty: bool
    columns: tuple[Column, ...]
    keys: tuple[Key, ...]


async def read_catalogue(tx: Transaction) -> list[Relation]:
    """Read every relation that stores rows, outside of PostgreSQL's own schemas."""
    relations = await tx.fetch(
        """
        with mine as (
            select p.polrelid, p.polpermissive, pg_get_expr(p.polqual, p.polrelid) as sees
              from pg_catalog.pg_policy p
             where p.polcmd in ('*', 'r')
               and p.polroles && array[0::oid, current_user::regrole::oid]
        )
        select c.oid, n.nspname as schema, c.relname as name,
               format('%I.%I', n.nspname, c.relname) as quoted,
               pg_relation_size(c.oid) as size,
               pg_relation_size(c.oid) = 0 and c.relkind <> 'f' as empty,
               not (has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select'))
                   or (row_security_active(c.oid)
                       -- Everything is seen only with a policy that says so to this role, and
                       -- no other that takes some of it back.
                       and (not exists (select from mine
                                         where mine.polrelid = c.oid
                                           and mine.polpermissive
                                           and mine.sees = 'true')
                            or exists (select from mine
                                        where mine.polrelid = c.oid
                                          and not mine.polpermissive))) as hidden
          from pg_catalog.pg_class c
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'm', 'f')
           and n.nspname not in ('pg_catalog', 'information_schema')
           and n.nspname not like 'pg\\_%'
         order by c.oid
        """
    )
    oids = [row["oid"] for row in relations]
    columns, keys = await _columns(tx, oids), await _keys(tx, oids)
    return [
        Relation(**row, columns=tuple(columns[row["oid"]]), keys=tuple(keys[row["oid"]]))
        for row in map(dict[str, Any], relations)
    ]


async def _columns(tx: Transaction, oids: list[int]) -> dict[int, list[Column]]:
    found: defaultdict[int, list[Column]] = defaultdict(list)
    for row in await tx.fetch(
        """
        select a.attrelid, format('%I', a.attname) as quoted,
               coalesce(base.typname, t.typname) as type,
               coalesce(base.typtype, t.typtype) = 'e' as listed,
               exists (select from pg_catalog.pg_index i
                        where i.indrelid = a.attrelid
                          and i.indisvalid
                          and i.indkey[0] = a.attnum) as indexed
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_type t on t.oid = a.atttypid
          left join pg_catalog.pg_type base on base.oid = t.typbasetype
         where a.attrelid = any($1::oid[])
           and a.attnum > 0
           and not a.attisdropped
         order by a.attrelid, a.attnum
        """,
        oids,
    ):
        found[row["attrelid"]].append(
            Column(row["quoted"], row["type"], row["listed"], row["indexed"])
        )
    return found


async def _keys(tx: Transaction, oids: list[int]) -> dict[int, list[Key]]:
    found: defaultdict[int, list[Key]] = defaultdict(list)
    for row in await tx.fetch(
        """
        select k.conrelid, k.confrelid,
               (select array_agg(format('%I', a.attname) order by place)
                  from unnest(k.conkey) with ordinality as own (attnum, place)
                  join pg_catalog.pg_attribute a
                    on a.attrelid = k.conrelid and a.attnum = own.attnum) as columns,
               (select array_agg(format('%I', a.attname) order by place)
                  from unnest(k.confkey) with ordinality as theirs (attnum, place)
                  join pg_catalog.pg_attribute a
                    on a.attrelid = k.confrelid and a.attnum = theirs.attnum) as targets
          from pg_catalog.pg_constraint k
         where k.contype = 'f'
           and k.conrelid = any($1::oid[])
         order by k.conrelid, k.oid
        """,
        oids,
    ):
        key = Key(row["confrelid"], tuple(row["columns"]), tuple(row["targets"]))
        found[row["conrelid"]].append(key)
    return found
