"""The inventory: what is held about people, and erasure derived from it."""

from shared.inventory.erase import Erased, Hold, erase
from shared.inventory.inventory import Inventory
from shared.inventory.kernel import KERNEL
from shared.inventory.model import (
    Anonymise,
    Basis,
    Delete,
    For,
    Forever,
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
]
