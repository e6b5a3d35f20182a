"""A database that goes away and comes back: the page keeps what was typed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import pytest
import pytest_asyncio

from shared.database import Database
from shared.settings import Settings
from tests.client import fill_form
from tests.web.conftest import app_of, client_of

DESCRIPTOR = "/de/probe/forms/probe"


class Cable:
    """A TCP connection to the real server that can be pulled out and put back."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def plug(self) -> Self:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def pull(self) -> None:
        """Cut every connection and accept no more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, back}
        await asyncio.gather(_pump(reader, back), _pump(there, writer))
        self._writers -= {writer, back}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


@pytest_asyncio.fixture
async def cable(settings: Settings) -> AsyncIterator[Cable]:
    plugged = await Cable(settings.postgres).plug()
    yield plugged
    await plugged.pull()


@pytest.mark.usefixtures("database")
async def test_nothing_typed_is_lost_while_the_database_is_away(
    settings: Settings, cable: Cable
) -> None:
    far = settings.model_copy(update={"postgres": f"127.0.0.1:{cable.port}"})
    pool = await Database.connect(far, "probe", "app", size=2)
    async with client_of(app_of(far, pool)) as client:
        entries = {"email": "away@example.org", "name": "Zoë", "note": "Zeile 1\nZeile 2"}
        action, entries = await fill_form(client, DESCRIPTOR, entries)

        await cable.pull()
        away = await client.post(action, data=entries)
        program = await client.post(action, json=entries)
        ready = await client.get("/readyz")
        await cable.plug()
        back = await client.post(action, data=entries)
    await pool.close()

    assert away.status_code == program.status_code == ready.status_code == 503
    assert away.headers["retry-after"] == program.headers["retry-after"] == "30"
    assert "<title>Fehler: Probe auf Deutsch</title>" in away.text
    assert "Ihre Angaben stehen noch hier" in away.text
    for value in ("away@example.org", "Zoë", "Zeile 1\nZeile 2", entries["form_id"]):
        assert value in away.text
    assert program.json()["type"] == "/problems/unavailable"
    assert back.status_code == 303
