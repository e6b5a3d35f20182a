"""What a slice says once for ever about a request: a recipient's answer, the end of a hold.

The row and the word commit together. A database that a backup brought back hears its own words
before it may speak (`own_said`), so that none is said a second time.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from contracts.messages import HoldEnded, ProcessorAnswered
from shared.consumer.lines import AnyLine
from shared.database import Transaction

Supplement = ProcessorAnswered | HoldEnded


def what(message: Supplement) -> str:
    """Name what a message says the end of, beside its request."""
    if isinstance(message, ProcessorAnswered):
        return f"recipient {message.recipient}"
    return f"hold {message.ground} {message.reference} {message.until.isoformat()}"


async def say_once(tx: Transaction, messages: Collection[Supplement]) -> None:
    """Tell what was not said before."""
    if not messages:
        return
    named = {(message.request_id, what(message)): message for message in messages}
    for place in await _note(tx, sorted(named)):
        tx.tell(named[place])


async def own_said(tx: Transaction, lines: Sequence[AnyLine]) -> None:
    """Remember what this slice has said already, in case a restored backup forgot it."""
    mine = [line.message for line in lines if line.event.source == tx.service]
    if mine:
        await _note(tx, sorted({(message.request_id, what(message)) for message in mine}))


async def _note(tx: Transaction, places: Sequence[tuple[UUID, str]]) -> list[tuple[UUID, str]]:
    """Note words by request and what they are about; gives those that are new, in order."""
    rows = await tx.fetch(
        """
        insert into said (request_id, what)
        select * from unnest($1::uuid[], $2::text[])
            on conflict do nothing
        returning request_id, what
        """,
        [request for request, _ in places],
        [about for _, about in places],
    )
    return sorted((row["request_id"], row["what"]) for row in rows)
