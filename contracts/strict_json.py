"""Read JSON from elsewhere so that two readers can never understand it differently."""

import json
from typing import Any

import orjson

from contracts.errors import BadInput

MAX_DEPTH = 20


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput
    return found


def _refuse(_: str) -> Any:
    """Refuse NaN and the infinities, which are no JSON."""
    raise BadInput


def load_object(data: bytes, limit: int) -> dict[str, Any]:
    """Read one JSON object of at most `limit` bytes, without duplicate keys, NaN or infinity.

    Bytes that are exactly what they are when written again have no key twice: that is the cheap
    way, and whatever we wrote ourselves goes it. Anything else goes through the slow reader that
    sees every pair. Raises BadInput.
    """
    if len(data) > limit:
        raise BadInput
    try:
        value = orjson.loads(data)
        if orjson.dumps(value) != data:
            value = json.loads(data, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise BadInput from None
    if not isinstance(value, dict):
        raise BadInput
    return value
