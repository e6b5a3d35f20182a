"""Invented people whose every word is a marker that nobody else uses."""

import itertools
from dataclasses import dataclass
from uuid import UUID

import httpx2

from demo.person import Person
from tests.installation import (
    Installation,
    confirm_erasure,
    receive_certificate,
    subscribe,
)

_numbers = itertools.count(1)


@dataclass
class Someone:
    """A person, the names they type, and the installation they deal with."""

    installation: Installation
    person: Person
    names: dict[str, str]

    @property
    def address(self) -> str:
        """Where they read their mail."""
        return self.person.address

    @property
    def markers(self) -> list[str]:
        """Every word they ever type."""
        return [self.address, self.address.partition("@")[0], *self.names.values()]

    async def subscribe(self) -> UUID:
        """Sign up and confirm; gives the new relationship's id."""
        await subscribe(self.person, **self.names)
        (subject,) = await self.subscriptions()
        return subject

    async def subscriptions(self) -> list[UUID]:
        """Give the ids of their subscriptions."""
        sql = "select subject_id from subscriber where email = $1"
        rows = await self.installation.ask("newsletter", sql, self.address)
        return [row["subject_id"] for row in rows]

    async def be_erased(self) -> bytes:
        """Ask, confirm, wait for the certificate and for the end; gives the bundle."""
        await confirm_erasure(self.person)
        bundle = await receive_certificate(self.person)
        await self.installation.closed()
        return bundle

    async def places(self) -> list[str]:
        """Say where we still name them."""
        return await self.installation.named(*self.markers)


def someone(installation: Installation, browser: httpx2.AsyncClient, lang: str = "en") -> Someone:
    """Invent a person."""
    mark = f"wholemark{next(_numbers)}x{installation.settings.namespace.strip('_')}"
    person = Person(browser, f"{mark}@example.org", lang)
    return Someone(installation, person, {"first_name": f"F{mark}", "last_name": f"L{mark}"})
