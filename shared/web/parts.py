"""What one service brings to the web, and what all routes of a process share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request

from shared.database import Database, Transaction
from shared.database.joining import Joining
from shared.errors import NotFound
from shared.settings import Settings
from shared.web.configuration import WebSettings
from shared.web.flood import Limits
from shared.web.form_ids import FormIds
from shared.web.forms import Form
from shared.web.frame import Layer
from shared.web.language import NAMES, Language
from shared.web.pages import Pages


@dataclass(frozen=True)
class Card:
    """A live form on the start page: `cards.<name>.title` and `.text` of the service's texts."""

    name: str
    path: str


@dataclass(frozen=True)
class Part:
    """One service's routes, forms and folder (`templates/`, `texts/`, `wordings/`).

    `forms` get a descriptor and CORS; `cards` appear on the start page. A part with
    `database=False` holds no data and is never waited for. `layer` goes around all public routes of
    the process (see `frame.py`). `desk_forms` are posted on the internal listener, by staff.
    """

    service: str
    folder: Path
    public: APIRouter
    internal: APIRouter | None = None
    forms: tuple[Form, ...] = ()
    cards: tuple[Card, ...] = ()
    database: bool = True
    layer: Layer | None = None
    desk_forms: tuple[Form, ...] = ()


@dataclass(frozen=True)
class ShownCard:
    """A card as a page shows it, in one language."""

    title: str
    text: str
    path: str


Connect = Callable[[str], Awaitable[Database]]


@dataclass
class Web:
    """What the routes of one process share; at `request.app.state.web`."""

    settings: Settings
    configuration: WebSettings
    parts: tuple[Part, ...]
    pages: Pages
    form_ids: FormIds
    limits: Limits
    connect: Connect
    databases: dict[str, Database] = field(default_factory=dict)
    joined: dict[str, Joining] = field(default_factory=dict)
    connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    before_close: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    async def database(self, service: str) -> Database:
        """Return the pool of a service's `app` role, connecting at first use.

        So a web process starts, and keeps what people typed, while PostgreSQL is away.
        """
        found = self.databases.get(service)
        if found is None:
            async with self.connecting:
                found = self.databases.get(service)
                if found is None:
                    found = self.databases[service] = await self.connect(service)
        return found

    async def joining(self, service: str) -> Joining:
        """Return what joins effects on a service's database."""
        found = self.joined.get(service)
        if found is None:
            database = await self.database(service)
            found = self.joined.setdefault(service, Joining(database))
        return found

    async def close(self) -> None:
        """Let layers write what they still hold, then close every pool."""
        for finish in self.before_close:
            await finish()
        for joining in self.joined.values():
            await joining.close()
        self.joined.clear()
        for database in self.databases.values():
            await database.close()
        self.databases.clear()

    def part(self, service: str) -> Part:
        """Return the part of a service that is live here."""
        return next(part for part in self.parts if part.service == service)

    def cards(self, language: Language, service: str = "") -> list[ShownCard]:
        """List the live forms as cards: all of them, or those of one service."""
        return [
            ShownCard(
                title=self.pages.texts[part.service].get(language, f"cards.{card.name}.title"),
                text=self.pages.texts[part.service].get(language, f"cards.{card.name}.text"),
                path=card.path.format(lang=language),
            )
            for part in self.parts
            if service in {"", part.service}
            for card in part.cards
        ]


def web_of(request: Request) -> Web:
    """Return what this process's routes share."""
    web: Web = request.app.state.web
    return web


def language(request: Request) -> Language:
    """Return the language in the request's path. Raises NotFound for one we do not have."""
    name = request.path_params["lang"]
    if name not in NAMES:
        raise NotFound
    return Language(name)


@asynccontextmanager
async def transaction(request: Request, service: str) -> AsyncIterator[Transaction]:
    """Begin a transaction of the service's `app` role; leaving the block commits."""
    database = await web_of(request).database(service)
    async with database.begin() as tx:
        yield tx
