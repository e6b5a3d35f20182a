"""Watch one saga on the topic itself, as any auditor could, and show it while it happens."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer
from rich.live import Live
from rich.table import Table

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

    def table(self) -> Table:
        """One line a slice, then the certificate and the end."""
        table = Table("Step", "By", "Seconds", title="The saga on erasure.v1, since the last click")
        for service in self.participants:
            erased = self.seconds_to(SliceErased, service)
            table.add_row("slice erased, receipt signed", service, _seconds(erased))
            seen = self.seconds_to(SliceVerified, service)
            table.add_row("read back, nothing left", f"verifier of {service}", _seconds(seen))
        table.add_row("certified", "erasure", _seconds(self.seconds_to(ErasureCertified)))
        table.add_row("addresses forgotten", "rights", _seconds(self.seconds_to(AliasesDestroyed)))
        return table


def _seconds(at: float | None) -> str:
    return "[dim]waiting[/dim]" if at is None else f"[green]{at:6.2f}[/green]"


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
