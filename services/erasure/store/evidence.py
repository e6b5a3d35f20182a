"""Whole records as they were read: bytes, place and proof."""

from collections.abc import Iterable, Sequence

from contracts.proof import Proof, Record
from contracts.topics import ERASURE
from services.erasure.store.evidence_lines import Records
from shared.consumer.lines import Delivery
from shared.database import Transaction, pack_headers, unpack_headers


async def add_records(tx: Transaction, deliveries: Sequence[Delivery]) -> None:
    """Keep the records of `erasure.v1`; a copy of a known record leaves the first in place."""
    kept = [delivery for delivery in deliveries if delivery.topic == ERASURE.name]
    if not kept:
        return
    await tx.execute(
        """
        insert into evidence (record_id, topic, partition, "offset", value, headers)
        select * from unnest($1::bytea[], $2::text[], $3::integer[], $4::bigint[],
                             $5::bytea[], $6::bytea[])
            on conflict (record_id) do nothing
        """,
        [delivery.record_id for delivery in kept],
        [delivery.topic for delivery in kept],
        [delivery.partition for delivery in kept],
        [delivery.offset for delivery in kept],
        [delivery.value for delivery in kept],
        [pack_headers(delivery.headers) for delivery in kept],
    )


async def records(tx: Transaction, ids: Iterable[bytes]) -> Records:
    """Take records back, cut into lines, with their proofs and offsets; by record id."""
    rows = await tx.fetch(
        """
        select record_id, topic, partition, "offset", value, headers
          from evidence
         where record_id = any($1)
        """,
        list(set(ids)),
    )
    found = {}
    for row in rows:
        proof = Proof.from_headers(unpack_headers(row["headers"]))
        record = Record.from_value(row["topic"], row["partition"], proof.type, None, row["value"])
        found[row["record_id"]] = (record, proof, row["offset"])
    return found


async def send_again(tx: Transaction, ids: Iterable[bytes]) -> None:
    """Put records into the outbox as they were sent, each once a day: same bytes, same proof."""
    sent = await tx.execute(
        """
        with today as (
            insert into sent_again (record_id, sent_on)
            select record_id, $2
              from unnest($1::bytea[]) as due (record_id)
             order by record_id
                on conflict (record_id) do update
               set sent_on = excluded.sent_on
             where sent_again.sent_on < excluded.sent_on
            returning record_id
        )
        insert into outbox (topic, partition, value, headers)
        select topic, partition, value, headers
          from evidence
          join today using (record_id)
         order by partition, "offset"
        """,
        sorted(set(ids)),
        tx.now.date(),
    )
    if sent:
        tx.wrote_outbox()
