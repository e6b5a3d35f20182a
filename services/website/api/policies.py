"""The policy's pages: readable by everybody, without a cookie, a tracker or a script (R-POL-02)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.website.policies import Policy, configured_policies
from shared.errors import NotFound
from shared.web import Language, render

router = APIRouter()
ROOT = "/{lang}/data-protection-policy"


@router.get(f"{ROOT}.html")
async def policy(request: Request, lang: Language) -> Response:
    """Show the version in force."""
    return _page(request, configured_policies().in_force(lang))


@router.get(f"{ROOT}/v{{number}}.html")
async def old_policy(request: Request, lang: Language, number: int) -> Response:
    """Show one version, at the address that it keeps for ever."""
    return _page(request, _found(lang, number))


@router.get(f"{ROOT}/v{{number}}.md")
async def download(request: Request, lang: Language, number: int) -> Response:
    """Give one version as a file, byte for byte as it was published."""
    found = _found(lang, number)
    name = f"data-protection-policy.v{found.number}.{lang}.md"
    request.state.download = name
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(found.text.encode(), media_type="text/markdown; charset=utf-8", headers=headers)


def _found(lang: Language, number: int) -> Policy:
    found = configured_policies().of(lang, number)
    if found is None:
        raise NotFound
    return found


def _page(request: Request, shown: Policy) -> Response:
    policies = configured_policies()
    return render(
        request,
        "website/policy.html",
        policy=shown,
        current=policies.in_force(shown.language),
        versions=policies.versions(shown.language),
    )
