"""Erase this browser: without an address, since none is known here (R-TR-01)."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from contracts.vocabulary import Method
from services.website import grants, store
from services.website.api.choices import leave
from services.website.forms import ERASE
from services.website.frame import frame_of
from services.website.settings import SERVICE
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Values, render, render_form, see_other, submit, transaction

router = APIRouter()
MAX_CASES = 4 * grants.MAX_NAMES
NOBODY = "nobody"


@router.get(ERASE.action)
async def erase_page(request: Request) -> Response:
    """Say what will go, and that it needs no name."""
    return render_form(request, ERASE)


@router.post(ERASE.action)
async def erase(request: Request, lang: str) -> Response:
    """End everything that hangs on this browser's key; its trackers' processors are told."""
    frame = frame_of(request)
    key = frame.visitor.signals.key

    async def effect(tx: Transaction, _: Values) -> Response:
        standing = await grants.stands(tx, key) if key else {}
        cases = await store.cases_of(tx, standing.values())
        await grants.end(tx, standing.values(), Method.SETTINGS)
        tx.on_commit(lambda: leave(frame, None, frozenset(), clears=True))
        named = ".".join(case.hex for case in cases) if standing else NOBODY
        return see_other(f"/{lang}/cookies/erased/{named or 'own'}")

    return await submit(request, ERASE, effect)


@router.get("/{lang}/cookies/erased/{cases}")
async def erased_page(request: Request, lang: str, cases: str) -> Response:
    """Show what each processor answered. The ids are random and known to this browser alone."""
    frame = frame_of(request)
    ids = _read(cases)
    answers = []
    if ids:
        async with transaction(request, SERVICE) as tx:
            answers = await store.answers(tx, ids)
    return render(
        request,
        "website/erased.html",
        nobody=cases == NOBODY,
        lang_of_words=lang,
        answers=answers,
        registers=frame.site.registers,
    )


def _read(cases: str) -> list[UUID]:
    """Read the ids of a path. Raises NotFound."""
    if cases in {NOBODY, "own"}:
        return []
    try:
        ids = [UUID(hex=one) for one in cases.split(".")]
    except ValueError:
        raise NotFound from None
    if len(ids) > MAX_CASES:
        raise NotFound
    return ids
