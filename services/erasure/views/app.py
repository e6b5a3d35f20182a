"""The Faust application: its own group in each run, so that every run reads the log from its start.

It creates no topic, follows no leader topic and serves nothing by itself; effects are no business
of it (docs/decisions/0002-no-faust-in-effects.md).
"""

from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import faust

from contracts.topics import CONSENT, ERASURE
from services.erasure.views.tables import View
from shared.settings import Settings

NAME: Final = "views"
SOURCES: Final = (CONSENT.name, ERASURE.name)


def make_app(settings: Settings) -> Any:
    """Make the application; call it inside the event loop that runs it."""
    brokers = ";".join(f"kafka://{server}" for server in settings.kafka.split(","))
    return faust.App(
        f"{settings.group(NAME)}-{uuid4().hex}",
        broker=brokers,
        store="memory://",
        Table=View,
        autodiscover=False,
        datadir=Path(settings.state) / NAME,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        stream_publish_on_commit=False,
    )


def source(app: Any, settings: Settings, name: str) -> Any:
    """Give a topic of ours with raw keys and values: they are opened where they are believed."""
    return app.topic(
        settings.topic(name),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
        allow_empty=True,
    )
