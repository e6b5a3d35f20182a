"""L1 of W3: every row, signature and record that the proof needs, written by batched raw code.

What a group of ours left is taken as it is, and written once more into tables of the same columns
and indexes, in a database of the limit's own. So the ratio to L1 says what the system around the
proof costs, and the ratio to L2 what proof and system cost together.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench import broker, erasing
from bench.people import Someone
from bench.place import Admin
from bench.rounds import Turn
from contracts.vocabulary import Role
from services.rights.settings import SERVICE as RIGHTS
from shared.keys import signer_for
from shared.settings import Settings

DATABASE: Final = "bench_limit"
# Tables whose rows outlive a saga because somebody must be able to prove it. Foreign keys and
# checks are left out: the rows have passed them already.
KEPT: Final[Mapping[str, Sequence[str]]] = {
    "newsletter": ("receipt_record", "receipt"),
    "rights": ("request", "slice_answer", "scanned", "receipt_record", "receipt"),
    "erasure": (
        *("saga", "saga_receipt", "saga_read_back", "saga_end", "evidence", "consent_evidence"),
        *("certificate", "log_leaf", "log_tile", "log_checkpoint"),
    ),
}
# What is signed, about; what it says makes no difference.
SIGNED_BYTES: Final = 128  # for a transaction or a head of the log
CERTIFICATE_BYTES: Final = 3_000
Marks = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Proof:
    """What one group of ours left: rows by table of the limit, records, and what was signed."""

    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    records: Sequence[broker.Raw]
    signed: Sequence[bytes]

    @property
    def setting(self) -> dict[str, Any]:
        """What a reader needs to judge it."""
        return {
            "rows": sum(map(len, self.rows.values())),
            "records": len(self.records),
            "signatures": len(self.signed),
            "batch": f"{erasing.BATCH} rows",
            "connections": "1 for each slice's deletes, 1 for the proof",
        }


async def make_tables(settings: Settings) -> None:
    """Make the limit's database and its empty tables."""
    async with Admin(settings, "erasure") as connection:
        await connection.execute(f'create database "{settings.database(DATABASE)}"')
    async with Admin(settings, DATABASE) as limit:
        for service, tables in KEPT.items():
            async with Admin(settings, service) as ours:
                for table in tables:
                    await _make_table(ours, limit, table, f"{service}_{table}")


async def _make_table(ours: Any, limit: Any, table: str, name: str) -> None:
    columns = await ours.fetch(
        """
        select quote_ident(attname) || ' ' || format_type(atttypid, atttypmod) as defined
          from pg_attribute
         where attrelid = $1::text::regclass
           and attnum > 0
           and not attisdropped
         order by attnum
        """,
        table,
    )
    await limit.execute(f"create table {name} ({', '.join(row['defined'] for row in columns)})")
    indexes = await ours.fetch(
        "select indexdef, indexname from pg_indexes where tablename = $1", table
    )
    for index in indexes:
        defined = index["indexdef"].replace(f" INDEX {index['indexname']} ON ", " INDEX ON ", 1)
        await limit.execute(defined.replace(f" ON public.{table} ", f" ON {name} ", 1))


async def marks(settings: Settings) -> Marks:
    """Note the present transaction of each database: what is written from now on is younger."""
    found = {}
    for service in KEPT:
        async with Admin(settings, service) as connection:
            found[service] = await connection.fetchval("select pg_current_xact_id()::text::bigint")
    return found


async def left_behind(settings: Settings, since: Marks, records: Sequence[broker.Raw]) -> Proof:
    """Take what was written since the marks, beside the records that were said."""
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for service, tables in KEPT.items():
        async with Admin(settings, service) as connection:
            for table in tables:
                found = await connection.fetch(
                    f"select * from {table} where xmin::text::bigint >= $1", since[service]
                )
                rows[f"{service}_{table}"] = [tuple(row) for row in found]
    transactions = {dict(record.headers)["signature"] for record in records}
    signed = [bytes(SIGNED_BYTES)] * (len(transactions) + len(rows["erasure_log_checkpoint"]))
    certificates = [bytes(CERTIFICATE_BYTES)] * len(rows["erasure_certificate"])
    return Proof(rows, records, [*signed, *certificates])


async def prove_bare(settings: Settings, people: Sequence[Someone], proof: Proof) -> Turn:
    """Delete the same rows, write, sign and send the same proof, side by side: the limit."""
    signer = signer_for(settings, RIGHTS, Role.SERVICE)
    producer = await broker.raw_producer(settings)
    try:
        async with Admin(settings, DATABASE) as limit, erasing.both_slices(settings) as slices:
            began = time.perf_counter()
            for message in proof.signed:
                signer.sign(message)
            await asyncio.gather(
                erasing.delete_bare(slices, people),
                _write(limit, proof),
                broker.produce(producer, proof.records),
            )
            seconds = time.perf_counter() - began
            await limit.execute(f"truncate {', '.join(proof.rows)}")
    finally:
        await producer.stop()
    return Turn(len(people), seconds)


async def _write(limit: Any, proof: Proof) -> None:
    for table, rows in proof.rows.items():
        for start in range(0, len(rows), erasing.BATCH):
            await limit.copy_records_to_table(table, records=rows[start : start + erasing.BATCH])
