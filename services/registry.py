"""The one place that names services. A service is here when it is live, and nowhere before.

Each line promises modules: `app.PART` (pages), `worker.work(settings)` (what it does beside the
web), `inventory.INVENTORY`, `migrations/`, and `cli.commands(app)` where it has commands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from shared.database.migrations import Kernel, Schema
from shared.inventory import Inventory
from shared.settings import Settings
from shared.web import Part
from shared.worker import Work

ROOT = Path(__file__).parent


class UnknownService(Exception):  # noqa: N818 - the message says which there are
    """There is no such service; the message lists those that are live."""


@dataclass(frozen=True)
class Service:
    """A live service. A `participant` holds a slice: it gets a verifier and a receipt is due."""

    name: str
    participant: bool = False
    kernel: Kernel | None = Kernel.SLICE
    commanded: bool = False

    @property
    def migrations(self) -> Path:
        """Folder of the service's own migrations."""
        return ROOT / self.name / "migrations"

    def part(self) -> Part:
        """Give what the service brings to the web."""
        part: Part = self._module("app").PART
        return part

    def inventory(self) -> Inventory:
        """Give every table of the service's database."""
        inventory: Inventory = self._module("inventory").INVENTORY
        return inventory

    def work(self, settings: Settings) -> Work:
        """Give what the service does in a worker."""
        make: Callable[[Settings], Work] = self._module("worker").work
        return make(settings)

    def add_commands(self, app: typer.Typer) -> None:
        """Add what the service brings to the command line."""
        if self.commanded:
            self._module("cli").commands(app)

    def _module(self, room: str) -> Any:
        return import_module(f"services.{self.name}.{room}")


SERVICES = (
    Service("website", kernel=None),
    Service("newsletter", participant=True, commanded=True),
    Service("rights", participant=True, kernel=Kernel.ORIGIN),
    Service("erasure", kernel=Kernel.PLUMBING, commanded=True),
)


def named(names: Sequence[str] | None) -> tuple[Service, ...]:
    """Give the services of these names, all without names. Raises UnknownService."""
    if not names:
        return SERVICES
    live = {service.name: service for service in SERVICES}
    unknown = sorted(set(names) - set(live))
    if unknown:
        message = f"no service {', '.join(unknown)}; live are {', '.join(live)}"
        raise UnknownService(message)
    return tuple(live[name] for name in names)


def with_database() -> tuple[Service, ...]:
    """Give the services that keep something."""
    return tuple(service for service in SERVICES if service.kernel is not None)


def participants() -> tuple[str, ...]:
    """Name the services that hold a slice: the register of participants."""
    return tuple(service.name for service in SERVICES if service.participant)


def schemas() -> tuple[Schema, ...]:
    """Describe every database of an installation."""
    return tuple(
        Schema(service.name, service.migrations, service.kernel, verified=service.participant)
        for service in SERVICES
        if service.kernel is not None
    )
