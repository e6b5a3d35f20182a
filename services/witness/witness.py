"""What a witness answers (c2sp.org/tlog-witness, add-checkpoint)."""

import threading
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

from contracts.errors import BadLog
from contracts.tlog.checkpoint import Checkpoint
from contracts.tlog.cosignature import AddCheckpoint, cosign
from contracts.tlog.notes import open_note
from contracts.tlog.tiles import check_consistency
from services.witness.keeping import Keeper, Key, Unreadable
from shared.crash import crash
from shared.logs import log

TEXT: Final = "text/plain; charset=utf-8"
SIZE: Final = "text/x.tlog.size"
Logs = Mapping[str, Collection[bytes]]  # public keys by the log's name


class Answer(NamedTuple):
    """A status of HTTP, and the body."""

    status: HTTPStatus
    body: str = ""
    media_type: str = TEXT


class Witness:
    """Signs heads of the logs that it knows, never two that contradict each other."""

    def __init__(self, key: Key, logs: Logs, keeper: Keeper) -> None:
        """Take public keys, 32 bytes each, of each log by its name."""
        self._key = key
        self._logs = logs
        self._keeper = keeper
        self._one_at_a_time = threading.Lock()

    def add_checkpoint(self, body: bytes, at: int) -> Answer:
        """Judge a request at a time (seconds since 1970); blocks while it writes to the disk."""
        try:
            asked = AddCheckpoint.read(body)
            head = Checkpoint.read(asked.checkpoint)
        except BadLog:
            return Answer(HTTPStatus.BAD_REQUEST)
        if head.origin not in self._logs:
            return Answer(HTTPStatus.NOT_FOUND)
        if not any(_signed(asked.checkpoint, head.origin, key) for key in self._logs[head.origin]):
            return Answer(HTTPStatus.FORBIDDEN)
        if asked.old > head.size:
            return Answer(HTTPStatus.BAD_REQUEST)
        try:
            # Between looking at the last head and keeping this one nobody else may come.
            with self._one_at_a_time:
                return self._judge(asked, head, at)
        except Unreadable:
            log.critical("witness-lost-its-state", name=head.origin)
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)

    def _judge(self, asked: AddCheckpoint, head: Checkpoint, at: int) -> Answer:
        last = self._keeper.last(head.origin)
        conflict = Answer(HTTPStatus.CONFLICT, f"{last.size}\n", SIZE)
        if asked.old != last.size:
            return conflict
        if head.size == last.size and head.root != last.root:
            log.critical("log-has-two-histories", name=head.origin, count=head.size)
            self._keeper.keep_other(head.origin, asked.checkpoint)
            return conflict
        try:
            check_consistency((last.size, last.root), (head.size, head.root), asked.way)
        except BadLog:
            log.warning("head-is-not-shown-to-go-on", name=head.origin, count=head.size)
            return Answer(HTTPStatus.UNPROCESSABLE_ENTITY)
        crash("witness:before-keep")
        self._keeper.keep(head.origin, asked.checkpoint)
        crash("witness:after-keep")
        line = cosign(asked.checkpoint, self._key.verifier.name, self._key.signer, at)
        return Answer(HTTPStatus.OK, line)


def _signed(note: bytes, origin: str, public: bytes) -> bool:
    try:
        open_note(note, origin, public)
    except BadLog:
        return False
    return True
