"""What remains of a closed saga: its id and its digest, in a temporary file and not in memory.

Beside the digest stand eight bytes of each line that made it, so that a copy that comes later is
known as one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

from services.erasure.audit.scratch import scratch

MARK_BYTES: Final = 8
MAX_UNWRITTEN: Final = 2_000
_SCHEMA: Final = """
create table closed (
    id          blob    primary key,
    partition   integer not null,
    digest      blob    not null,
    marks       blob    not null,
    origin      text    not null,
    certificate blob    not null,
    statements  blob    not null,
    owed        blob    not null,
    ended       integer not null
) without rowid;
create table given (
    id          blob primary key,
    certificate blob not null,
    claimed     blob not null
) without rowid;
"""


class Closed(NamedTuple):
    """A closed saga: partition, digest of its state, marks of its lines, who may end it.

    `owed` has a mark for each last word that a slice's receipt announced and nobody has said yet.
    `statements` is what its certificate may say, hash by hash (`audit/statements.py`).
    """

    partition: int
    digest: bytes
    marks: bytes
    origin: str
    certificate: bytes
    statements: bytes = b""
    ended: bool = False
    owed: bytes = b""

    def knows(self, line_digest: str) -> bool:
        """Say whether a line with this SHA-256 (hex) was part of it."""
        return bytes.fromhex(line_digest)[:MARK_BYTES] in _cut(self.marks)

    def owing(self, by: str, about: Iterable[str]) -> "Closed":
        """Expect the last words of a slice about these things."""
        return self._replace(owed=self.owed + b"".join(_owed(by, one) for one in about))

    def settled(self, by: str, about: str) -> "Closed | None":
        """Take a last word; None if none about this was owed by this slice, or any more."""
        marks, mark = _cut(self.owed), _owed(by, about)
        if mark not in marks:
            return None
        return self._replace(owed=b"".join(one for one in marks if one != mark))

    def with_line(self, line_digest: str) -> "Closed":
        """Take a later line into the state."""
        raw = bytes.fromhex(line_digest)
        return self._replace(
            digest=sha256(b"later" + self.digest + raw).digest(),
            marks=self.marks + raw[:MARK_BYTES],
        )


def _cut(marks: bytes) -> list[bytes]:
    return [marks[at : at + MARK_BYTES] for at in range(0, len(marks), MARK_BYTES)]


def _owed(by: str, about: str) -> bytes:
    return sha256(f"{by} {about}".encode()).digest()[:MARK_BYTES]


@dataclass(frozen=True, slots=True)
class Compared:
    """Digests of one request's certificate: as told on the topic, as given; empty: there is none.

    `stated` and `claimed`: what it may say by the lines, what it does say.
    """

    request_id: UUID
    told: bytes
    given: bytes
    stated: bytes
    claimed: bytes

    def says(self, statement: bytes) -> bool:
        """Say whether the lines amount to this."""
        size = len(statement)
        ends = range(0, len(self.stated), size)
        return statement in {self.stated[at : at + size] for at in ends}


class ClosedSagas:
    """Closed sagas by id, in a file that vanishes with the process."""

    def __init__(self) -> None:
        self._database = scratch(_SCHEMA)
        self._unwritten: dict[str, Closed] = {}

    def put(self, request_id: str, closed: Closed) -> None:
        """Keep or replace what is known of a saga."""
        self._unwritten[request_id] = closed
        if len(self._unwritten) >= MAX_UNWRITTEN:
            self._write()

    def get(self, request_id: str) -> Closed | None:
        """Return what remains of a saga, or None if it was not closed."""
        waiting = self._unwritten.get(request_id)
        if waiting is not None:
            return waiting
        row = self._database.execute(
            "select partition, digest, marks, origin, certificate, statements, ended, owed"
            " from closed where id = ?",
            (_raw(request_id),),
        ).fetchone()
        if row is None:
            return None
        partition, digest, marks, origin, certificate, statements, ended, owed = row
        return Closed(partition, digest, marks, origin, certificate, statements, bool(ended), owed)

    def hashes(self, partitions: int) -> list[bytes]:
        """Hash the sagas of each partition in the order of their ids."""
        self._write()
        states = [sha256(b"expunge-partition/v1") for _ in range(partitions)]
        for partition, request_id, digest, ended in self._database.execute(
            "select partition, id, digest, ended from closed order by id"
        ):
            states[partition].update(request_id + digest + (b"\1" if ended else b"\0"))
        return [state.digest() for state in states]

    def count(self) -> tuple[int, int]:
        """Count closed sagas, and those whose origin has forgotten."""
        self._write()
        all_of_them, ended = self._database.execute(
            "select count(*), coalesce(sum(ended), 0) from closed where origin <> ''"
        ).fetchone()
        return int(all_of_them), int(ended)

    def give(self, request_id: UUID, certificate: bytes, claimed: bytes) -> None:
        """Note the digest of a certificate that somebody holds, and what it says."""
        self._database.execute(
            "insert or replace into given (id, certificate, claimed) values (?, ?, ?)",
            (request_id.bytes, certificate, claimed),
        )

    def compare(self) -> Iterator[Compared]:
        """Go through requests with a certificate on the topic or given, in the order of ids."""
        self._write()
        for request_id, *digests in self._database.execute(
            """
            select id, max(told), max(given), max(stated), max(claimed)
              from (select id, certificate as told, x'' as given,
                           statements as stated, x'' as claimed
                      from closed
                     where certificate <> x''
                     union all
                    select id, x'', certificate, x'', claimed
                      from given)
             group by id
             order by id
            """
        ):
            yield Compared(UUID(bytes=request_id), *digests)

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def _write(self) -> None:
        self._database.execute("begin")
        self._database.executemany(
            "insert or replace into closed (id, partition, digest, marks, origin, certificate,"
            " statements, ended, owed) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    _raw(request_id),
                    closed.partition,
                    closed.digest,
                    closed.marks,
                    closed.origin,
                    closed.certificate,
                    closed.statements,
                    int(closed.ended),
                    closed.owed,
                )
                for request_id, closed in self._unwritten.items()
            ],
        )
        self._database.execute("commit")
        self._unwritten.clear()


def _raw(request_id: str) -> bytes:
    """Give the 16 bytes of an id that is known to be one."""
    return bytes.fromhex(request_id.replace("-", ""))
