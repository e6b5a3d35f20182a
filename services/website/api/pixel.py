"""wiredminds' counting pixel, asked for by our server: the browser never speaks to it (R-WM-01)."""

import httpx2
from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from services.website.frame import frame_of
from services.website.rules.trackers import Pixel, pixel_of
from services.website.settings import SERVICE
from shared.logs import log
from shared.web.reading import client_of

router = APIRouter()
PATH = "/website/pixel/{number}"
TIMEOUT_S = 5.0
NAME = "wiredminds"
# One transparent point.
GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)


@router.get(PATH)
async def pixel(request: Request, number: int) -> Response:
    """Answer with a point of ours; pass the page on if the visitor agreed, with a cut address.

    `number` is the page's place in the sorted list of pages that may be tracked: nothing else of
    the request is passed on.
    """
    frame = frame_of(request)
    tracker = frame.site.registers.trackers.get(NAME)
    pages = sorted(frame.site.chosen.tracked_routes)
    task = None
    if (
        tracker
        and tracker.pixel
        and frame.visitor.may(tracker.purpose)
        and 0 <= number < len(pages)
    ):
        call = pixel_of(frame.site.registers.sites[NAME], pages[number], client_of(request))
        task = BackgroundTask(pass_on, tracker.pixel, call)
    return Response(GIF, media_type="image/gif", background=task)


async def pass_on(url: str, call: Pixel) -> None:
    """Ask the provider for its pixel, with what a `Pixel` holds and no header of the visitor's."""
    parameters = {"site": call.site, "page": call.page, "ip": call.network}
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            await client.get(url, params=parameters)
    except httpx2.HTTPError as error:
        log.warning("pixel-not-passed-on", service=SERVICE, error=error)
