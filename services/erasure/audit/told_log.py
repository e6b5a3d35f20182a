"""The log as the topic tells it, in a temporary file: memory does not grow with it.

Transactions stand there in the order of each partition, certificates at the index that
`erasure-certified` names. Of one partition the whole log follows from that.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from contracts.tlog.entries import Kind, of_certificate
from services.erasure.audit.scratch import scratch

MAX_UNWRITTEN: Final = 2_000
REMEMBERED: Final = 4_096  # transactions whose next record is known to be of them
_SCHEMA: Final = """
create table said (
    partition integer not null,
    place     integer not null,
    "offset"  integer not null,
    digest    blob    not null,
    primary key (partition, place)
) without rowid;
create table named (
    log_index integer primary key,
    digest    blob not null
);
"""
# A transaction that was sent again stands in the log once, where it was said first.
_TIDY: Final = """
create table again as
select partition, place
  from (select partition, place,
               row_number() over (partition by partition, digest order by place) as time
          from said)
 where time > 1;
delete from said
 where (partition, place) in (select partition, place from again);
create table shared as
select digest, count(*) as partitions from said group by digest having count(*) > 1;
create unique index shared_digest on shared (digest);
"""


class Told(NamedTuple):
    """A leaf that the topic tells of, and where: a certificate is told by its index."""

    entry: bytes
    partition: int | None = None
    offset: int | None = None

    @property
    def place(self) -> str:
        """Say where on the topic it stands."""
        if self.partition is None:
            return "a certificate"
        return f"partition {self.partition} offset {self.offset}"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction where a partition first has it; `partitions` is how many have it."""

    digest: bytes
    partition: int
    place: int
    offset: int
    partitions: int


class ToldLog:
    """Feed it every proven record in the order of reading; then ask for its leaves."""

    def __init__(self) -> None:
        self._database = scratch(_SCHEMA)
        self._recent: OrderedDict[tuple[int, bytes], None] = OrderedDict()
        self._places: dict[int, int] = {}
        self._said: list[tuple[int, int, int, bytes]] = []
        self._named: dict[int, bytes] = {}
        self._highest = -1
        self._size: int | None = None

    def transaction(
        self, partition: int, offset: int, signature: bytes, entry: Callable[[], bytes]
    ) -> None:
        """Take in the transaction of a record; `entry` works its leaf out if it is a new one."""
        mark = (partition, signature)
        if mark in self._recent:
            return
        self._recent[mark] = None
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        place = self._places.get(partition, 0)
        self._places[partition] = place + 1
        self._said.append((partition, place, offset, entry()[1:]))
        if len(self._said) >= MAX_UNWRITTEN:
            self._write()

    def certificate(self, index: int, digest: bytes) -> bool:
        """Take in what `erasure-certified` names; False if another has that place."""
        known = self.certificate_at(index) if index <= self._highest else None
        if known is None:
            self._named[index] = digest
            self._highest = max(self._highest, index)
            if len(self._named) >= MAX_UNWRITTEN:
                self._write()
        return known in {None, digest}

    @property
    def partitions(self) -> list[int]:
        """Which partitions have transactions."""
        return sorted(self._places)

    @property
    def size(self) -> int:
        """How many leaves the topic tells of."""
        return self._finish()

    @property
    def lacking(self) -> int:
        """How many leaves below the last certificate nobody said: records are gone."""
        return max(0, self._highest + 1 - self.size)

    def leaves(self) -> Iterator[Told]:
        """Go through the whole log, where one partition tells it and nothing is lacking."""
        said = self.said(self.partitions[0]) if self.partitions else iter(())
        named = self.named()
        following = next(named, None)
        for index in range(self.size):
            if following is not None and following[0] == index:
                yield Told(of_certificate(following[1]))
                following = next(named, None)
            else:
                tx = next(said)
                yield Told(Kind.TRANSACTION.value + tx.digest, tx.partition, tx.offset)

    def said(self, partition: int) -> Iterator[Transaction]:
        """Go through the transactions of a partition in its order, each once."""
        self._finish()
        for row in self._database.execute(
            """
            select s.digest, partition, place, "offset", coalesce(partitions, 1)
              from said s
              left join shared on shared.digest = s.digest
             where partition = ?
             order by place
            """,
            (partition,),
        ):
            yield Transaction(*row)

    def named(self) -> Iterator[tuple[int, bytes]]:
        """Go through the certificates' indices and digests, in order."""
        self._finish()
        yield from self._database.execute("select log_index, digest from named order by log_index")

    def places_of(self, entry: bytes) -> list[tuple[int, int]]:
        """Say in which partitions and at which offsets the transaction of this leaf stands."""
        self._finish()
        self._database.execute("create index if not exists said_digest on said (digest)")
        return self._database.execute(
            'select partition, "offset" from said where digest = ? order by 1', (entry[1:],)
        ).fetchall()

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def certificate_at(self, index: int) -> bytes | None:
        """Give the digest of the certificate that the topic names at an index."""
        waiting = self._named.get(index)
        if waiting is not None:
            return waiting
        row = self._database.execute(
            "select digest from named where log_index = ?", (index,)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _number(self, sql: str, *values: object) -> int:
        return int(self._database.execute(sql, values).fetchone()[0])

    def _write(self) -> None:
        self._database.execute("begin")
        self._database.executemany("insert into said values (?, ?, ?, ?)", self._said)
        self._database.executemany("insert into named values (?, ?)", self._named.items())
        self._database.execute("commit")
        self._said.clear()
        self._named.clear()

    def _finish(self) -> int:
        """Sort out what was said twice, once everything was fed; gives the number of leaves."""
        if self._size is None:
            self._write()
            self._database.executescript(_TIDY)
            copies = self._number("select coalesce(sum(partitions - 1), 0) from shared")
            of_said = self._number("select count(*) from said")
            self._size = of_said - copies + self._number("select count(*) from named")
        return self._size
