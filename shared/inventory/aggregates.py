"""Counts that erasure left behind, given out only where too many people stand behind each."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.database import Transaction
from shared.inventory.model import Kind, Table


@dataclass(frozen=True, slots=True)
class Counts:
    """Cells by their values, in the order of the table's columns; `rest` is of all small ones."""

    cells: Mapping[tuple[str, ...], int]
    rest: int | None


async def read_counts(tx: Transaction, table: Table, least: int) -> Counts:
    """Read an aggregate table, without the cells below `least` (MIN_CELL; R-EV-08).

    Small cells are added up; a sum that is itself below `least`, or of one cell only (which it
    would tell), is None. Raises ValueError for a table that is no aggregate.
    """
    if table.kind is not Kind.AGGREGATE:
        message = f"{table.name} is no aggregate"
        raise ValueError(message)
    names = [name for name in table.columns if name != "count"]
    columns = ", ".join(f'"{name}"::text' for name in names)
    rows = await tx.fetch(f'select {columns}, count from "{table.name}" order by {columns}')
    small = [row["count"] for row in rows if row["count"] < least]
    cells = {tuple(row)[:-1]: row["count"] for row in rows if row["count"] >= least}
    rest = sum(small)
    return Counts(cells, rest if len(small) != 1 and (not small or rest >= least) else None)
