"""The embedded stack: Apache Kafka, PostgreSQL and a mail inbox, supervised, no Docker needed."""

from shared.stack.embedded import Ports, Smtp, Stack, embedded_stack
from shared.stack.errors import StackError
from shared.stack.inbox import Inbox
from shared.stack.kafka import Kafka
from shared.stack.postgres import Postgres

__all__ = [
    "Inbox",
    "Kafka",
    "Ports",
    "Postgres",
    "Smtp",
    "Stack",
    "StackError",
    "embedded_stack",
]
