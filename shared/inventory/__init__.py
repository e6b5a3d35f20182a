"""The inventory: what is held about people, and erasure derived from it."""

from contracts.purposes import Basis
from shared.inventory.aggregates import Counts, read_counts
from shared.inventory.erase import Erased, erase
from shared.inventory.holds import lift_hold, place_hold
from shared.inventory.inventory import Inventory
from shared.inventory.kernel import KERNEL
from shared.inventory.model import (
    Anonymise,
    Delete,
    For,
    Forever,
    Hold,
    Kind,
    NotPersonal,
    Personal,
    Root,
    Source,
    Table,
    UntilConfirmed,
    UntilDone,
    UntilWithdrawn,
    WithSubject,
)
from shared.inventory.plumbing import PLUMBING

__all__ = [
    "KERNEL",
    "PLUMBING",
    "Anonymise",
    "Basis",
    "Counts",
    "Delete",
    "Erased",
    "For",
    "Forever",
    "Hold",
    "Inventory",
    "Kind",
    "NotPersonal",
    "Personal",
    "Root",
    "Source",
    "Table",
    "UntilConfirmed",
    "UntilDone",
    "UntilWithdrawn",
    "WithSubject",
    "erase",
    "lift_hold",
    "place_hold",
    "read_counts",
]
