"""A bundle from before a key was revoked gets from the ledger what it needs since then.

That are places, since without them nobody can tell whether an old, honest line stood before that,
and a proof that leads to a head of the log by a key that counts. Places are ours and unsigned, so
this is done for our own page only.
"""

from typing import Any
from uuid import UUID

from contracts.bundle import Bundle, Evidence
from contracts.errors import BadInput
from contracts.messages import parse
from services.erasure.bundles import bundles
from shared.database import Transaction


async def with_places(tx: Transaction, data: bytes, trust: bytes) -> bytes | None:
    """Write into a bundle what it lacks by now; None if it is no bundle or not of this ledger."""
    try:
        given = Bundle.from_json(data)
        request_id = UUID(parse(given.request.line).subject)
    except (BadInput, ValueError):
        return None
    ours = (await bundles(tx, [request_id], trust)).get(request_id)
    if ours is None or ours.certificate != given.certificate:
        return None
    known = {one.line: one.offset for one in _lines(ours)}
    if not all(one.line in known for one in _lines(given)):
        return None
    filled: dict[str, Any] = {
        name: tuple(
            one.model_copy(update={"offset": known[one.line]}) for one in getattr(given, name)
        )
        for name in ("extensions", "receipts", "read_backs", "supplements")
    }
    logged = {one.line: one.log_proof for one in ours.supplements}
    filled["supplements"] = tuple(
        one.model_copy(update={"log_proof": logged.get(one.line) or one.log_proof})
        for one in filled["supplements"]
    )
    request = given.request.model_copy(update={"offset": known[given.request.line]})
    filled |= {"request": request, "log_proof": ours.log_proof or given.log_proof}
    return given.model_copy(update=filled).to_json()


def _lines(bundle: Bundle) -> tuple[Evidence, ...]:
    return (
        bundle.request,
        *bundle.extensions,
        *bundle.receipts,
        *bundle.read_backs,
        *bundle.supplements,
    )
