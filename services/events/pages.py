"""Small things that the pages about gatherings show, and how they find what they show."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request

from services.events.mails import shown
from services.events.rules.gathering import Gathering
from services.events.settings import SERVICE
from services.events.store import gatherings
from shared.database import Transaction
from shared.errors import NotFound
from shared.parameters import duration
from shared.web import Language

REFERENCE = "EV"
ROOT = f"/{{lang}}/{SERVICE}"


async def wanted(tx: Transaction, gathering: str) -> Gathering:
    """Give the gathering that a path means: a listed one's id, or an invitation's secret.

    Raises NotFound: an id that is not listed is nobody's invitation.
    """
    try:
        found = await gatherings.find(tx, UUID(gathering))
    except ValueError:
        found = await gatherings.invited_to(tx, gathering)
    else:
        found = found if found is not None and found.listed else None
    if found is None:
        raise NotFound
    return found


def described(gathering: Gathering, language: Language) -> dict[str, object]:
    """Say a gathering as pages and programs show it: nothing in it is about a person."""
    return {
        "id": str(gathering.gathering_id),
        "kind": gathering.kind.value,
        "title": gathering.title(language),
        "place": gathering.place,
        "dates": [shown(slot, language) for slot in gathering.slots],
        "capacity": gathering.capacity,
        "free": gathering.free,
        "state": gathering.state.value,
    }


def windows() -> dict[str, Any]:
    """Give the windows that pages speak of, in whole hours and minutes."""
    return {
        "hours": round(duration("DOI_TTL") / timedelta(hours=1)),
        "minutes": round(duration("SEAT_HOLD") / timedelta(minutes=1)),
    }


def path_of(request: Request, *parts: str) -> str:
    """Give a path of this service in the request's language."""
    return "/".join(("", request.path_params["lang"], SERVICE, *parts))
