"""Watch one saga on the topic itself, as any auditor could, and show it while it happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from rich.live import Live
from rich.table import Table

from contracts.erasure import Receipt
from contracts.messages import (
    AliasesDestroyed,
    ErasureCertified,
    ErasureRequested,
    Event,
    Message,
    SliceErased,
    SliceVerified,
    parse,
    split_lines,
)
from contracts.topics import ERASURE
from shared.settings import Settings

SAGA_TIMEOUT_S = 60.0


@dataclass
class Saga:
    """What the topic has said about one request; times in seconds since the last click."""

    clicked_at: float
    said: list[tuple[float, Event]] = field(default_factory=list)

    def seconds_to(self, kind: type[Message], service: str = "") -> float | None:
        """Seconds from the click to the first message of a type, of one service if one is named.

        A verifier speaks about its service. None before the message came.
        """
        return next(
            (
                at
                for at, event in self.said
                if isinstance(event.message, kind) and service in {"", event.source}
            ),
            None,
        )

    @property
    def participants(self) -> tuple[str, ...]:
        """Who must answer, once the request was read."""
        return next(
            (
                event.message.participants
                for _, event in self.said
                if isinstance(event.message, ErasureRequested)
            ),
            (),
        )

    def receipt(self, service: str) -> Receipt | None:
        """Give what a slice says it did, once it said so."""
        return next(
            (
                event.message
                for _, event in self.said
                if isinstance(event.message, Receipt) and event.source == service
            ),
            None,
        )

    def table(self) -> Table:
        """One line a slice, then the certificate and the end."""
        table = Table(title="The saga on erasure.v1, in seconds since the last click")
        table.add_column("Slice")
        table.add_column("What it did")
        table.add_column("Receipt", justify="right")
        table.add_column("Read back", justify="right")
        for service in self.participants:
            erased = _seconds(self.seconds_to(SliceErased, service))
            seen = _seconds(self.seconds_to(SliceVerified, service))
            table.add_row(service, _did(self.receipt(service)), erased, seen)
        table.add_section()
        table.add_row("erasure", "certified", _seconds(self.seconds_to(ErasureCertified)), "")
        forgotten = _seconds(self.seconds_to(AliasesDestroyed))
        table.add_row("rights", "address forgotten, last", forgotten, "")
        return table


def _did(receipt: Receipt | None) -> str:
    if receipt is None:
        return ""
    if not receipt.rows:
        return "held nothing"
    rows = f"{sum(receipt.rows.values())} rows"
    if not receipt.held:
        return f"{receipt.outcome.value} {rows}"
    kept = ", ".join(f"{one.rows} {one.reference}" for one in receipt.held)
    return f"{rows} gone, held by law: {kept}"


def _seconds(at: float | None) -> str:
    return "[dim]waiting[/dim]" if at is None else f"[green]{at:.2f}[/green]"


@asynccontextmanager
async def topic_from_now(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """Read `erasure.v1` from its present end, without a group."""
    consumer = AIOKafkaConsumer(
        settings.topic(ERASURE.name),
        bootstrap_servers=settings.kafka,
        enable_auto_commit=False,
        auto_offset_reset="latest",
    )
    await consumer.start()
    try:
        await consumer.seek_to_end()
        for place in consumer.assignment():
            await consumer.position(place)
        yield consumer
    finally:
        await consumer.stop()


async def follow(consumer: AIOKafkaConsumer, clicked_at: float, live: Live) -> Saga:
    """Show the only saga under way until its addresses are forgotten. Raises TimeoutError."""
    saga = Saga(clicked_at)
    async with asyncio.timeout(SAGA_TIMEOUT_S):
        while saga.seconds_to(AliasesDestroyed) is None:
            batches = await consumer.getmany(timeout_ms=100)
            for records in batches.values():
                for record in records:
                    at = time.monotonic() - clicked_at
                    events = [parse(line) for line in split_lines(record.value or b"")]
                    saga.said += [(at, event) for event in events if _of_request(event)]
            live.update(saga.table())
    return saga


def _of_request(event: Event) -> bool:
    return getattr(event.message, "request_id", None) is not None
