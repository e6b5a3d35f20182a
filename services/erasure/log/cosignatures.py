"""What witnesses said of the log's heads, as the ledger's database keeps it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.notes import VerifierKey, add_signatures
from services.erasure.log import store
from shared.database import Transaction

CONSIDERED: Final = 64  # heads with cosignatures that a proof may be led to


@dataclass(frozen=True, slots=True)
class Seen:
    """The largest head that a witness cosigned, and when, by its clock; nothing yet: 0, None."""

    size: int = 0
    at: datetime | None = None


async def add(tx: Transaction, key: VerifierKey, size: int, line: str, at: int) -> None:
    """Store what a witness said of a head of this size at a time (seconds since 1970)."""
    await tx.execute(
        """
        insert into log_cosignature (witness, size, line, at)
        values ($1, $2, $3, $4)
            on conflict do nothing
        """,
        str(key),
        size,
        line,
        datetime.fromtimestamp(at, UTC),
    )


async def latest(tx: Transaction, keys: Iterable[VerifierKey]) -> dict[VerifierKey, Seen]:
    """Give how far each witness has come."""
    named = {str(key): key for key in keys}
    rows = await tx.fetch(
        """
        select wanted as witness, size, at
          from unnest($1::text[]) as wanted
         cross join lateral (
               select size, at from log_cosignature
                where witness = wanted order by size desc limit 1) _
        """,
        list(named),
    )
    found = {named[row["witness"]]: Seen(row["size"], row["at"]) for row in rows}
    return {key: found.get(key, Seen()) for key in named.values()}


async def lines_below(tx: Transaction, sizes: Iterable[int]) -> dict[int, list[str]]:
    """Give the lines below heads of these sizes, where there are any."""
    rows = await tx.fetch(
        "select size, line from log_cosignature where size = any($1) order by size, witness",
        list(set(sizes)),
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row["size"], []).append(row["line"])
    return found


async def shown_note(tx: Transaction) -> bytes | None:
    """Take the newest public head with what witnesses said of it; None before the first."""
    note = await store.public_note(tx)
    if note is None:
        return None
    size = Checkpoint.read(note).size
    return add_signatures(note, (await lines_below(tx, [size])).get(size, []))


async def notes_over(tx: Transaction, indices: Sequence[int]) -> dict[int, bytes]:
    """Take, for each index, the head that a proof is led to, with its cosignatures.

    That is one over it with the most cosignatures, of the next heads that have any; where there is
    none yet, the first head that has the index: the one its own transaction signed.
    """
    rows = await tx.fetch(
        f"""
        select wanted, size
          from unnest($1::bigint[]) as wanted
         cross join lateral (
               select size
                 from (select size from log_cosignature
                        where size > wanted order by size limit {CONSIDERED}) next
                group by size order by count(*) desc, size limit 1) _
        """,
        list(indices),
    )
    sizes = {row["wanted"]: row["size"] for row in rows}
    lines = await lines_below(tx, sizes.values())
    last = {index: sizes.get(index, index + 1) - 1 for index in indices}  # leaf of the head wanted
    notes = await store.checkpoints_over(tx, list(last.values()))
    return {
        index: add_signatures(notes[leaf], lines.get(sizes.get(index, 0), []))
        for index, leaf in last.items()
        if leaf in notes
    }


def gauges(size: int, seen: dict[VerifierKey, Seen]) -> list[str]:
    """Write how far log and witnesses are, as Prometheus reads it."""
    lines = ["# TYPE expunge_log_public_size gauge\n", f"expunge_log_public_size {size}\n"]
    for name in ("size", "timestamp_seconds"):
        lines.append(f"# TYPE expunge_log_witness_{name} gauge\n")
        for key, one in seen.items():
            value: Any = one.size if name == "size" else one.at.timestamp() if one.at else 0
            lines.append(f'expunge_log_witness_{name}{{witness="{key.name}"}} {value}\n')
    return lines
