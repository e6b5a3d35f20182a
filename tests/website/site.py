"""The website as a test uses it."""

from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI

from contracts.messages import Message, parse, split_lines
from services.website.inventory import INVENTORY
from services.website.whole import SERVICE as WEBSITE
from shared.database import Database
from shared.deadlines import run_due
from shared.settings import Settings
from shared.slice.endings import ending_actions


@dataclass
class Website:
    """Everything a test needs of the running website."""

    settings: Settings
    app: FastAPI
    client: httpx2.AsyncClient
    eraser: Database

    async def row(self, sql: str, *args: object) -> Any:
        """Read one row."""
        async with self.eraser.begin() as tx:
            return await tx.fetchrow(sql, *args)

    async def rows(self, sql: str, *args: object) -> list[Any]:
        """Read rows."""
        async with self.eraser.begin() as tx:
            return list(await tx.fetch(sql, *args))

    async def count(self, sql: str, *args: object) -> int:
        """Read one number."""
        return int((await self.row(sql, *args))[0])

    async def told(self) -> list[Message]:
        """Read what the website told: nobody relays in these tests."""
        rows = await self.rows("select value from outbox order by id")
        return [parse(line).message for row in rows for line in split_lines(row["value"])]

    async def clock(self) -> int:
        """Let everything that is due be done."""
        actions = {**ending_actions(INVENTORY, WEBSITE.endings), **WEBSITE.actions}
        return await run_due(self.eraser, actions)
