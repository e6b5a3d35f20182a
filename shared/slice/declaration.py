"""A service, declared once: pages, worker, verifier, database, commands and register follow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import typer
from fastapi import APIRouter

from contracts.messages import ConsentWithdrawn, Message
from contracts.vocabulary import Reason
from shared.consumer.lines import Reactions
from shared.database.migrations import Kernel, Schema
from shared.deadlines import Actions
from shared.desk.pages import sign_in_forms, sign_in_router
from shared.inventory import Inventory
from shared.mail import Post
from shared.saga.claims import Find
from shared.saga.origin import claim_router, keep_ending, origin_reactions
from shared.saga.participant import slice_reactions, together
from shared.saga.slice_work import OWN, slice_work
from shared.settings import Settings
from shared.slice.consents import WITHDRAWN_BEFORE, withdrawn_before
from shared.slice.counting import counting_router
from shared.slice.endings import Endings, ending_actions
from shared.slice.retention import Beside, metrics_router
from shared.web import Card, Form, Part
from shared.web.frame import Layer
from shared.worker import Task, Work, Worker

PANEL: Final = "Do a service's work"


@dataclass(frozen=True, kw_only=True)
class Service:
    """All that a service says about itself; every part not named is a default.

    `folder` holds `migrations/`, `templates/`, `texts/`, `wordings/`. With `inventory` it has a
    database, with `find` too it holds a slice: it is in the register, is asked to erase, and has a
    verifier. `origin`: requests begin here, so it answers the claim check and ends aliases.
    `stands_on`: purposes without which a relationship is over. `endings`: kind of deadline ->
    reason; `actions`: deadlines that do something else; `beside`: triggers of the policy that no
    deadline is named after, and what of them is due. `reactions`: what it hears beside what
    every slice hears. `mails`: how its mails are made. `tasks` run in the worker. `commands` become
    `expunge <name> ...`, or are a function that adds them. `alone`: the whole worker of a service
    that is no slice. `layer` goes around all public routes of a web process.
    `desk`: pages of the people who work here, on the internal listener under
    `/{lang}/<name>/desk`, which is its first page; signing in is there already.
    """

    name: str
    folder: Path
    pages: APIRouter = field(default_factory=APIRouter)
    internal: APIRouter | None = None
    forms: tuple[Form, ...] = ()
    cards: tuple[Card, ...] = ()
    inventory: Inventory | None = None
    find: Find | None = None
    origin: bool = False
    stands_on: frozenset[str] = frozenset()
    endings: Endings = field(default_factory=dict)
    actions: Actions = field(default_factory=dict)
    beside: Beside | None = None
    reactions: Reactions = field(default_factory=dict)
    mails: Callable[[Settings], Post] | None = None
    tasks: tuple[Task, ...] = ()
    commands: typer.Typer | Callable[[typer.Typer], None] | None = None
    alone: Callable[[Settings], Work] | None = None
    layer: Layer | None = None
    desk: APIRouter | None = None
    desk_forms: tuple[Form, ...] = ()

    @property
    def participant(self) -> bool:
        """Whether it holds a slice."""
        return self.find is not None

    @property
    def kernel(self) -> Kernel | None:
        """Which tables of ours its database gets; None: it has no database."""
        if self.inventory is None:
            return None
        if self.find is None:
            return Kernel.PLUMBING
        return Kernel.ORIGIN if self.origin else Kernel.SLICE

    def part(self) -> Part:
        """Give what it brings to the web."""
        internal = APIRouter()
        if self.internal is not None:
            internal.include_router(self.internal)
        if self.origin:
            internal.include_router(claim_router(self.name))
        if self.participant:
            internal.include_router(counting_router(self.name))
            internal.include_router(metrics_router(self.name, self.beside))
        desk_forms: tuple[Form, ...] = ()
        if self.desk is not None:
            internal.include_router(sign_in_router(self.name))
            internal.include_router(self.desk)
            desk_forms = (*sign_in_forms(self.name), *self.desk_forms)
        return Part(
            self.name,
            self.folder,
            self.pages,
            internal,
            self.forms,
            self.cards,
            database=self.inventory is not None,
            layer=self.layer,
            desk_forms=desk_forms,
        )

    def schema(self) -> Schema:
        """Describe its databases. Raises ValueError for a service without."""
        if self.kernel is None:
            message = f"{self.name} keeps nothing"
            raise ValueError(message)
        folder = self.folder / "migrations"
        return Schema(self.name, folder, self.kernel, verified=self.participant)

    def work(self, settings: Settings) -> Work:
        """Give what it does in a worker. Raises MissingSecret without its key."""
        if self.alone is not None:
            return self.alone(settings)
        assert self.inventory is not None  # noqa: S101 - processes ask those with a database
        assert self.find is not None  # noqa: S101
        return slice_work(
            settings,
            self.inventory,
            self.find,
            self.hears(self.inventory, self.find),
            own=self.hears_alone,
            post=self.mails(settings) if self.mails else None,
            actions={
                **ending_actions(
                    self.inventory, {**self.endings, WITHDRAWN_BEFORE: Reason.WITHDRAWN}
                ),
                **self.actions,
            },
            tasks=(*((_end_aliases,) if self.origin else ()), *self.tasks),
        )

    def hears(self, inventory: Inventory, find: Find) -> Reactions:
        """Give all it hears: as a slice, as an origin, and by itself."""
        return together(
            slice_reactions(inventory, find),
            {ConsentWithdrawn: withdrawn_before(self.stands_on)},
            self._follows(),
            self.reactions,
        )

    @property
    def hears_alone(self) -> frozenset[type[Message]]:
        """Types of which it hears its own only: not what it follows as an origin or by itself."""
        return OWN - set(self._follows()) - set(self.reactions)

    def _follows(self) -> Reactions:
        """Give what an origin hears: it follows its requests through all slices."""
        return origin_reactions() if self.origin else {}

    def add_commands(self, parent: typer.Typer) -> None:
        """Add what it brings to the command line."""
        if isinstance(self.commands, typer.Typer):
            parent.add_typer(self.commands, name=self.name, rich_help_panel=PANEL)
        elif self.commands is not None:
            self.commands(parent)


async def _end_aliases(worker: Worker) -> None:
    await keep_ending(worker.effects, worker.ready)
