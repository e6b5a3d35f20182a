"""The log for people: its newest head, and each entry with the way up to it. Nothing is personal.

An entry is a byte and a hash; the page shows every step from it to the signed head, so that
somebody with nothing but SHA-256 at hand can follow. No script is needed.
"""

import base64
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.errors import BadLog
from contracts.merkle import leaf_hash, node_hash
from contracts.tlog.checkpoint import Checkpoint, number
from contracts.tlog.entries import Kind, split_entries
from contracts.tlog.notes import VerifierKey, split_note
from contracts.tlog.tiles import WIDTH, Tile, inclusion, subtree, tiles_for
from contracts.topics import ERASURE_SERVICE
from contracts.vocabulary import Role
from services.erasure.forms import FIND_ENTRY
from services.erasure.log import store
from services.erasure.log.cosignatures import shown_note
from services.erasure.log.pages import PREFIX
from services.erasure.store import certificates
from shared.database import Transaction
from shared.keys import load_trust
from shared.web import (
    FormRefused,
    language,
    read_form,
    render,
    see_other,
    transaction,
    view_of,
    web_of,
)
from shared.web.forms import as_typed

LOG_PAGE: Final = f"/{{lang}}/{ERASURE_SERVICE}/log"
TRANSACTION, CERTIFICATE = "transaction", "certificate"
KEY_ID_BYTES: Final = 4
NOT_FOUND: Final = 404
NEWEST: Final = 20  # entries that the first page leads to
MAX_DIGITS: Final = 16  # of what was typed that are shown again

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Step:
    """One step up: the hash beside ours, on which side it stands, and what both together give."""

    beside: str
    left: bool
    together: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log: what it is, and the way from it to the head's root."""

    index: int
    kind: str
    digest: str
    leaf: str
    steps: tuple[Step, ...]


@router.get(LOG_PAGE)
async def log_page(request: Request) -> Response:
    """Show the newest public head, or that there is none yet."""
    async with transaction(request, ERASURE_SERVICE) as tx:
        note = await shown_note(tx)
    return _page(request, note)


@router.get(FIND_ENTRY.action)
async def entry_page(request: Request, index: str = "") -> Response:
    """Show one entry with the way up to the newest public head; 404 where there is none."""
    wanted = index if index.isascii() and index.isdecimal() else ""  # nothing else is repeated
    async with transaction(request, ERASURE_SERVICE) as tx:
        note = await shown_note(tx)
        entry = None if note is None else await find_entry(tx, Checkpoint.read(note), wanted)
    if entry is None:
        return _page(request, note, status=NOT_FOUND, wanted=wanted[:MAX_DIGITS])
    return _page(request, note, entry=entry)


@router.post(FIND_ENTRY.action)
async def entry_wanted(request: Request) -> Response:
    """Lead to the entry with a number, or to that of a request's certificate; nothing is stored.

    An id of a request is posted, so that it stands in no address.
    """
    values = await read_form(request, FIND_ENTRY)
    async with transaction(request, ERASURE_SERVICE) as tx:
        index = await _index_of(tx, values["which"].strip())
        note = await store.public_note(tx)
    if index is None or note is None or index >= Checkpoint.read(note).size:
        raise FormRefused(FIND_ENTRY, as_typed(values), {"which": "unknown"})
    path = FIND_ENTRY.action.format(lang=language(request))
    return see_other(f"{path}?index={index}")


async def _index_of(tx: Transaction, which: str) -> int | None:
    """Read an index, or find that of a request's certificate; None for anything else."""
    try:
        return number(which)
    except BadLog:
        pass
    try:
        request_id = UUID(which)
    except ValueError:
        return None
    found = (await certificates.find(tx, [request_id])).get(request_id)
    return None if found is None else found.log_index


def _page(
    request: Request,
    note: bytes | None,
    *,
    status: int = 200,
    entry: Entry | None = None,
    wanted: str = "",
) -> Response:
    shown: dict[str, Any] = {"entry": entry, "wanted": wanted, "missing": status == NOT_FOUND}
    shown |= {"files": PREFIX, "head": None}
    if entry is None:
        shown["find"] = view_of(request, FIND_ENTRY)
    if note is not None:
        head = Checkpoint.read(note)
        shown |= {"head": head, "root": head.root.hex(), "note": note.decode()}
        shown |= {"root64": base64.b64encode(head.root).decode(), "key": _key(request, note, head)}
        shown["newest"] = range(head.size - 1, max(-1, head.size - 1 - NEWEST), -1)
    template = f"{ERASURE_SERVICE}/{'log_entry' if entry else 'log'}.html"
    return render(request, template, status=status, **shown)


def _key(request: Request, note: bytes, head: Checkpoint) -> str:
    """Name the key that signed the head, as other tools want it; empty if our list has it not."""
    signed = {(name, raw[:KEY_ID_BYTES]) for name, raw in split_note(note)[1]}
    for key in load_trust(web_of(request).settings).keys:
        known = VerifierKey(head.origin, bytes.fromhex(key.public_key))
        if key.role is Role.LOG and known.mark in signed:
            return str(known)
    return ""


async def find_entry(tx: Transaction, head: Checkpoint, index: str) -> Entry | None:
    """Find the entry with an index as somebody typed it; None if the head is over no such one."""
    try:
        at = number(index)
        ranges = inclusion(at, head.size)
    except BadLog:
        return None
    place, within = Tile(0, at // WIDTH), at % WIDTH
    kept = await store.contents(tx, {place, *tiles_for(ranges)})
    entries = split_entries(kept.get(place, b""))
    if within >= len(entries):
        return None
    raw, tiles = entries[within], store.hashed(kept)
    value, steps = leaf_hash(raw), list[Step]()
    for start, end in ranges:
        beside, left = subtree(tiles, start, end), start < at
        value = node_hash(beside, value) if left else node_hash(value, beside)
        steps.append(Step(beside.hex(), left, value.hex(), start, end))
    kind = CERTIFICATE if raw[:1] == Kind.CERTIFICATE.value else TRANSACTION
    return Entry(at, kind, raw[1:].hex(), leaf_hash(raw).hex(), tuple(steps))


async def holds(tx: Transaction, sha256: str, index: int) -> bool:
    """Say whether the public log has exactly this certificate (SHA-256 in hex) at an index."""
    note = await store.public_note(tx)
    entry = None if note is None else await find_entry(tx, Checkpoint.read(note), str(index))
    return entry is not None and (entry.kind, entry.digest) == (CERTIFICATE, sha256)
