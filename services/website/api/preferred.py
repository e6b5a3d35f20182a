"""Which cards come first: what somebody looked at most, where they agreed to that (R-EL-04)."""

from starlette.requests import Request

from services.website import store
from services.website.frame import frame_of
from services.website.rules.trackers import PERSONALISE, may_personalise
from services.website.settings import ANALYTICS, SERVICE
from shared.disclosure import objects
from shared.web import Language, transaction, web_of
from shared.web.parts import ShownCard


async def preferred_cards(request: Request, language: Language) -> list[ShownCard]:
    """List the live forms; for everybody in the same order but for who agreed to another."""
    cards = web_of(request).cards(language)
    visitor = frame_of(request).visitor
    if not (visitor.may(PERSONALISE) and visitor.may(ANALYTICS)):
        return cards
    known, wants = visitor.granted[ANALYTICS].subject_id, visitor.granted[PERSONALISE].subject_id
    async with transaction(request, SERVICE) as tx:
        objected = await objects(tx, (known, wants), PERSONALISE)
        if not may_personalise(visitor, objected=objected):
            return cards
        seen = await store.seen_by(tx, known)
    return sorted(cards, key=lambda card: -seen.get(card.path.split("/")[2], 0))
