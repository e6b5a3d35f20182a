"""Lists for statements, each as one text: `unnest($1::text::uuid[])`, `= any($1::text::text[])`.

The driver looks at every element of a list several times before it writes it: with lists of
hundreds that is the larger part of sending a statement. Text in PostgreSQL's own array syntax
(documentation, section 8.15.6) is written by one join here and read by one loop there.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from contracts.identifiers import spell_id


def ids(found: Iterable[UUID]) -> str:
    """Write ids, for `::text::uuid[]`."""
    return f"{{{','.join(map(spell_id, found))}}}"


def numbers(found: Iterable[int]) -> str:
    """Write whole numbers, for `::text::bigint[]`."""
    return f"{{{','.join(map(str, found))}}}"


def octets(found: Sequence[bytes]) -> str:
    """Write bytes, for `::text::bytea[]`."""
    between = '","\\\\x'
    return '{"\\\\x' + between.join([some.hex() for some in found]) + '"}' if found else "{}"


def words(found: Sequence[str]) -> str:
    """Write texts, whatever stands in them, for `::text::text[]`."""
    together = "".join(found)
    if '"' in together or "\\" in together:
        found = [word.replace("\\", "\\\\").replace('"', '\\"') for word in found]
    return '{"' + '","'.join(found) + '"}' if found else "{}"
