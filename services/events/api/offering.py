"""What is offered: the list of gatherings, and reading material that anybody may read."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.events.pages import ROOT, described
from services.events.reading import title, words
from services.events.settings import MAX_SHOWN, SERVICE
from services.events.store import gatherings
from shared.errors import NotFound
from shared.mail.markdown import to_html
from shared.web import language, render, transaction
from shared.web.rendering import wants_json

router = APIRouter()


@router.get(f"{ROOT}/gatherings")
async def gatherings_page(request: Request) -> Response:
    """List what people may register for, the next first; as JSON for programs."""
    lang = language(request)
    async with transaction(request, SERVICE) as tx:
        found = [described(one, lang) for one in await gatherings.open_ones(tx, MAX_SHOWN)]
    if wants_json(request):
        return JSONResponse({"gatherings": found})
    return render(request, f"{SERVICE}/gatherings.html", gatherings=found)


@router.get(f"{ROOT}/reading/{{name}}")
async def reading_page(request: Request, name: str) -> Response:
    """Show a piece of reading material: the same for everybody, so the link names nobody."""
    lang = language(request)
    try:
        markdown = words(name, lang)
    except KeyError:
        raise NotFound from None
    # Our own files; to_html lets neither raw HTML nor images through.
    body = Markup(to_html(markdown))  # noqa: S704
    return render(request, f"{SERVICE}/reading.html", heading=title(name, lang), body=body)
