"""Every table of one database, in the order erasure takes them, with a digest of all it says."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter

from shared.inventory.kernel import KERNEL
from shared.inventory.model import SUBJECT, Anonymise, Hold, Kind, Table


@dataclass(frozen=True)
class Inventory:
    """All tables of one database: the service's own and the kernel's."""

    service: str
    tables: tuple[Table, ...]
    kernel: tuple[Table, ...] = field(default=KERNEL, repr=False)
    holds: tuple[Hold, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be carried out. Raises ValueError with the name that is wrong."""
        for table in self.tables:
            if isinstance(table.erasure, Anonymise):
                self._check_counted(table, table.erasure)
        for hold in self.holds:
            for name, columns in hold.keeps.items():
                kept_from = self.all_tables.get(name)
                if kept_from is None or not set(columns) <= set(kept_from.columns):
                    message = f"{self.service}: hold {hold.name} keeps columns {name} has not"
                    raise ValueError(message)

    def _check_counted(self, table: Table, rule: Anonymise) -> None:
        into = self.all_tables.get(rule.into)
        fits = into is not None and into.kind is Kind.AGGREGATE
        if not fits or into is None or set(into.columns) != {*rule.keeping, "count"}:
            message = f"{table.name}: {rule.into} is to be an aggregate of {rule.keeping} and count"
            raise ValueError(message)

    def hold(self, name: str) -> Hold:
        """Return a declared hold. Raises KeyError."""
        return {hold.name: hold for hold in self.holds}[name]

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
        said += [{"hold": repr(hold)} for hold in sorted(self.holds, key=lambda one: one.name)]
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
        "serves": table.serves,
        "columns": {name: repr(column) for name, column in table.columns.items()},
    }
