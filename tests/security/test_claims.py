"""Who asks what open requests are about without being asked to answer them."""

from shared.saga.claim_client import ClaimClient
from shared.saga.decisions import Answer
from tests.kernel import eventually
from tests.saga.shop import SHOP, Town


async def test_a_service_outside_the_register_learns_no_address(here: Town) -> None:
    """Its credential is genuine and the request's scope is everything: nobody asked it."""
    rights, _ = here.works()
    ledger, shop = ClaimClient(here.settings, "erasure"), ClaimClient(here.settings, SHOP)
    async with here.answering(), here.working(rights):
        (request,) = await here.request(here.somebody())

        async def told() -> bool:
            answer = (await shop.ask({request: "rights"}))[request]
            return answer.answer is Answer.ALIASES

        await eventually(told)
        assert (await ledger.ask({request: "rights"}))[request].addresses == ()
    await ledger.close()
    await shop.close()
