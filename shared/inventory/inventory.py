"""Every table of one database, in the order erasure takes them, with a digest of all it says."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter

from shared.inventory.kernel import KERNEL
from shared.inventory.model import SUBJECT, Kind, Table


@dataclass(frozen=True)
class Inventory:
    """All tables of one database: the service's own and the kernel's."""

    service: str
    tables: tuple[Table, ...]
    kernel: tuple[Table, ...] = field(default=KERNEL, repr=False)

    @cached_property
    def all_tables(self) -> dict[str, Table]:
        """Every table by name. Raises ValueError if a name stands twice."""
        found = {table.name: table for table in (*self.kernel, *self.tables)}
        if len(found) != len(self.kernel) + len(self.tables):
            message = f"{self.service}: a table stands twice in the inventory"
            raise ValueError(message)
        return found

    @cached_property
    def deletion_order(self) -> tuple[Table, ...]:
        """Slice tables without `subject`, children before what they reference."""
        tables = {
            name: table
            for name, table in self.all_tables.items()
            if table.kind is Kind.SLICE and name != SUBJECT
        }
        sorter = TopologicalSorter({name: table.references for name, table in tables.items()})
        return tuple(tables[name] for name in reversed(tuple(sorter.static_order())))

    @cached_property
    def sha256(self) -> str:
        """Digest of everything the inventory says, in hex: stands in each receipt."""
        said = [_said(table) for _, table in sorted(self.all_tables.items())]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _said(table: Table) -> dict[str, object]:
    return {
        "name": table.name,
        "purpose": table.purpose,
        "kind": table.kind.value,
        "basis": table.basis and table.basis.value,
        "keep": repr(table.keep),
        "erasure": repr(table.erasure),
        "references": sorted(table.references),
        "columns": {name: repr(column) for name, column in table.columns.items()},
    }
