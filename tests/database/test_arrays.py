"""A list that goes to the database as one text arrives as it was."""

from uuid import uuid4

from asyncpg.pgproto import pgproto
from hypothesis import given
from hypothesis import strategies as st

from contracts.identifiers import uuid7
from shared.database import Database, arrays

WORDS = ["", "a", "null", "NULL", 'a"b', "a\\", '\\"', "{a,b}", " a ", "ä€😀", "a\nb", "'", "$1"]


async def test_everything_arrives_as_it_was(app: Database) -> None:
    ids = [uuid7(), uuid4(), pgproto.UUID(str(uuid4()))]
    octets = [b"", b"\0", bytes(range(256)), b'"\\x']
    numbers = [0, -1, 2**63 - 1]

    async with app.begin() as tx:
        for some in (WORDS, [], ["plain", "words"]):
            assert await tx.fetchval("select $1::text::text[]", arrays.words(some)) == some
        for several in (ids, []):
            assert await tx.fetchval("select $1::text::uuid[]", arrays.ids(several)) == several
        for told in (octets, []):
            assert await tx.fetchval("select $1::text::bytea[]", arrays.octets(told)) == told
        for counts in (numbers, []):
            assert await tx.fetchval("select $1::text::bigint[]", arrays.numbers(counts)) == counts


@given(st.lists(st.text()))
def test_no_word_ends_its_quotes(found: list[str]) -> None:
    inside = arrays.words(found)[1:-1]
    read, rest = [], inside
    while rest:
        word, rest = _first(rest)
        read.append(word)

    assert read == found


def _first(text: str) -> tuple[str, str]:
    """Take the first quoted word off, as PostgreSQL does."""
    assert text[0] == '"'
    word, at = "", 1
    while text[at] != '"':
        at += text[at] == "\\"
        word, at = word + text[at], at + 1
    assert text[at + 1 : at + 2] in {"", ","}
    return word, text[at + 2 :]
