"""Protected documents: opened by ONLINEPLUS, checked against the account at each request."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from services.registration.api.cookies import onlineplus, set_onlineplus
from services.registration.api.session import reader
from services.registration.documents import Document, document, documents
from services.registration.forms import SIGN_OUT
from services.registration.rules import State
from services.registration.settings import SERVICE, USE
from shared.errors import NotFound
from shared.mail.markdown import to_html
from shared.slice import consents_of, outdated
from shared.web import language, render, transaction, view_of, web_of

router = APIRouter()
ROOT = "/{lang}/documents"
CLOSED = f"{SERVICE}/closed.html"


@router.get(ROOT)
async def documents_page(request: Request) -> Response:
    """List the documents: their titles are open to everybody."""
    return render(request, f"{SERVICE}/documents.html", documents=documents(language(request)))


@router.get(f"{ROOT}/{{name}}")
async def document_page(request: Request, name: str) -> Response:
    """Show a document to whoever has a live account (R-ACC-02)."""
    found = _find(request, name)
    refused, this_session = await _may(request, found)
    if refused is not None:
        return refused
    answer = render(
        request,
        f"{SERVICE}/document.html",
        document=found,
        # Our own text, without raw HTML: to_html refuses that.
        body=Markup(to_html(found.markdown)),  # noqa: S704
        sign_out=view_of(request, SIGN_OUT),
    )
    set_onlineplus(request, answer, onlineplus(request), this_session=this_session)
    return answer


@router.get(f"{ROOT}/{{name}}/file")
async def document_file(request: Request, name: str) -> Response:
    """Hand a document out as a file, by the same check."""
    found = _find(request, name)
    refused, this_session = await _may(request, found)
    if refused is not None:
        return refused
    answer = Response(
        found.markdown,
        media_type="text/markdown; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{found.name}.{found.language}.md"'},
    )
    set_onlineplus(request, answer, onlineplus(request), this_session=this_session)
    return answer


def _find(request: Request, name: str) -> Document:
    found = document(name, language(request))
    if found is None:
        raise NotFound
    return found


async def _may(request: Request, wanted: Document) -> tuple[Response | None, bool]:
    """Refuse with 401 who is not signed in, with 403 whose account is closed to documents.

    It is also while the words of the declaration that opens them wait to be renewed (R-POL-01).
    Else gives None and whether the sign-in is for this session only.
    """
    async with transaction(request, SERVICE) as tx:
        found = await reader(request, tx)
        consents = await consents_of(tx, found[0].subject_id) if found else {}
    if found is None or found[1] in {State.ENDED, State.PENDING}:
        return render(request, CLOSED, status=401, document=wanted, why="sign-in"), False
    if found[1] is State.RESTRICTED:
        return render(request, CLOSED, status=403, document=wanted, why="restricted"), False
    if USE in outdated(consents, web_of(request).pages.wordings[SERVICE]):
        return render(request, CLOSED, status=403, document=wanted, why="outdated"), False
    return None, found[0].this_session
