"""The real listener: what is slow, too long or no HTTP is cut off with a sentence."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.database import Database
from shared.settings import Settings
from shared.web.listening import PortTaken, listening
from tests.web.conftest import app_of, configuration

FORM = b"content-type: application/x-www-form-urlencoded\r\n"
POST = b"POST /de/probe HTTP/1.1\r\nhost: localhost\r\n" + FORM
PATIENCE_SECONDS = 0.3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def port(settings: Settings, database: Database) -> AsyncIterator[int]:
    """Serve the probe on a real port, with little patience."""
    chosen = configuration(header_seconds=PATIENCE_SECONDS, body_seconds=PATIENCE_SECONDS)
    app = app_of(settings, database, body_seconds=PATIENCE_SECONDS)
    async with listening(app, "127.0.0.1:0", chosen) as number:
        yield number


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send bytes, then read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("pieces", "status", "sentence"),
    [
        ([b""], 408, "zu langsam"),
        ([b"GET / HT"], 408, "zu langsam"),
        ([b"GET / HTTP/1.1\r\nhost: localhost\r\nx-a: "], 408, "zu langsam"),
        ([POST + b"content-length: 10\r\n\r\nabc"], 408, "zu langsam"),
        ([POST + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"], 408, "zu langsam"),
        ([b"nonsense\r\n\r\n"], 400, "nicht lesbar"),
        ([b"\x16\x03\x01\x00\xa5\x01\x00\x00"], 400, "nicht lesbar"),
        ([b"GET / HTTP/1.1\r\nx-a: " + b"a" * 40_000 + b"\r\n\r\n"], 431, "zu lang"),
        ([b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"], 431, "zu lang"),
        ([b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n"], 431, "zu lang"),
        ([POST + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabc"], 400, "nicht lesbar"),
        (
            [POST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
            400,
            "nicht",
        ),
        (
            [POST + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n"],
            400,
            "nicht",
        ),
        ([POST + b"content-length: -1\r\n\r\n"], 400, "nicht lesbar"),
        ([POST + b"content-length: 99999999\r\n\r\n"], 413, "zu viel Text"),
        ([b"GET /\xff HTTP/1.1\r\n\r\n"], 400, "nicht lesbar"),
    ],
    ids=[
        *("silence", "slow-line", "slow-header", "slow-body", "slow-chunks", "no-http", "tls"),
        *("long-header", "many-headers", "long-line", "two-lengths", "length-and-chunks"),
        *("chunks-and-length", "negative-length", "huge-length", "raw-path"),
    ],
)
async def test_what_is_no_good_request_is_cut_off(
    port: int, pieces: list[bytes], status: int, sentence: str
) -> None:
    answer = (await talk(port, *pieces)).decode()

    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "connection: close" in answer.lower()
    assert sentence in answer


async def test_a_kept_connection_has_a_deadline_for_each_request(port: int) -> None:
    good = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    for _ in range(2):
        writer.write(good)
        answer = await reader.readuntil(b'{"status":"alive"}')
        assert answer.startswith(b"HTTP/1.1 200 ")
    writer.write(b"GET /health")
    last = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    assert last.startswith(b"HTTP/1.1 408 ")


async def test_head_has_the_length_and_no_body(port: int) -> None:
    answer = await talk(port, b"HEAD /de/probe HTTP/1.1\r\nconnection: close\r\n\r\n")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 200 " in head
    assert b"content-length: " in head
    assert body == b""


async def test_a_taken_port_is_said(settings: Settings, database: Database, port: int) -> None:
    app = app_of(settings, database)

    with pytest.raises(PortTaken):
        async with listening(app, f"127.0.0.1:{port}", configuration()):
            pass


async def test_leaving_the_block_closes_the_port(settings: Settings, database: Database) -> None:
    async with listening(app_of(settings, database), "127.0.0.1:0", configuration()) as number:
        assert b"alive" in await talk(number, b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n")

    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", number)):
        pass
