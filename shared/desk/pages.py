"""Signing in and out at a service's desk, and what its own desk pages are built with.

All of it stands on the internal listener, under `/{lang}/<service>/desk/...`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from shared.database import Transaction
from shared.desk.accounts import Staff, check_password, check_staff, stored_password
from shared.desk.sessions import begin_session, end_session, find_session
from shared.web.forms import Field, Form, Kind, Values
from shared.web.guard import NotSignedIn, drop_cookie, read_cookie, set_cookie
from shared.web.pages import see_other
from shared.web.parts import language, transaction
from shared.web.problems import FormRefused
from shared.web.reading import read_form
from shared.web.rendering import render_form
from shared.web.submit import submit

MAX_PASSWORD = 200
CODE_LENGTH = 6
DeskEffect = Callable[[Transaction, Values, Staff], Awaitable[Response]]


class NotAtDesk(NotSignedIn):
    """Sign in first: this page is for those who work here."""

    sign_in = "/{lang}/{service}/desk/sign-in"


def desk_guard(service: str) -> str:
    """Name the session cookie of a service's desk."""
    return f"desk-{service}"


def desk_form(name: str, *, service: str, path: str, template: str = "", **more: object) -> Form:
    """Declare a form of a desk: `path` follows `/{lang}/<service>/desk/`; its token is checked."""
    return Form(
        name,
        service=service,
        action=f"/{{lang}}/{service}/desk/{path}",
        template=template or "web/form.html",
        once=False,
        guard=desk_guard(service),
        **more,  # type: ignore[arg-type]
    )


@asynccontextmanager
async def desk_transaction(
    request: Request, service: str
) -> AsyncIterator[tuple[Transaction, Staff]]:
    """Begin a transaction for a desk page that is looked at. Raises NotAtDesk."""
    async with transaction(request, service) as tx:
        yield tx, await _staff(request, tx)


async def desk_submit(request: Request, form: Form, effect: DeskEffect) -> Response:
    """Do what a desk form asks for, in one transaction, as `submit` does. Raises NotAtDesk."""

    async def at_desk(tx: Transaction, values: Values) -> Response:
        return await effect(tx, values, await _staff(request, tx))

    try:
        return await submit(request, form, at_desk)
    except NotSignedIn:
        raise NotAtDesk from None


async def _staff(request: Request, tx: Transaction) -> Staff:
    secret = read_cookie(request, desk_guard(tx.service))
    staff = await find_session(tx, secret) if secret else None
    if staff is None:
        raise NotAtDesk
    return staff


def sign_in_forms(service: str) -> tuple[Form, Form]:
    """Declare the forms that every desk has: signing in, and out."""
    sign_in = Form(
        "desk-sign-in",
        service=service,
        action=f"/{{lang}}/{service}/desk/sign-in",
        fields=(
            Field("name", mandatory=True, autocomplete="username", max_length=31),
            Field("password", Kind.PASSWORD, mandatory=True, autocomplete="current-password"),
            Field("code", mandatory=True, autocomplete="one-time-code", max_length=CODE_LENGTH),
        ),
        once=False,
    )
    return sign_in, desk_form("desk-sign-out", service=service, path="sign-out")


def sign_in_router(service: str) -> APIRouter:
    """Build the pages that every desk has."""
    router = APIRouter()
    sign_in, sign_out = sign_in_forms(service)

    @router.get(sign_in.action)
    async def sign_in_page(request: Request) -> Response:
        return render_form(request, sign_in)

    @router.post(sign_in.action)
    async def sign_in_posted(request: Request) -> Response:
        values = await read_form(request, sign_in)
        async with transaction(request, service) as tx:
            stored = await stored_password(tx, values["name"])
        fitting = await check_password(stored, values["password"])
        async with transaction(request, service) as tx:
            staff = await check_staff(tx, values["name"], fitting, values["code"])
            secret = await begin_session(tx, staff) if staff else ""
        if not secret:
            raise FormRefused(sign_in, {"name": values["name"]}, {"form_id": "not-signed-in"})
        answer = see_other(f"/{language(request)}/{service}/desk")
        set_cookie(request, answer, desk_guard(service), secret)
        return answer

    @router.get(sign_out.action)
    async def sign_out_page(request: Request) -> Response:
        return render_form(request, sign_out)

    @router.post(sign_out.action)
    async def sign_out_posted(request: Request) -> Response:
        async def effect(tx: Transaction, _values: Values, _staff: Staff) -> Response:
            await end_session(tx, read_cookie(request, desk_guard(service)))
            answer = see_other(f"/{language(request)}/{service}/desk/sign-in")
            drop_cookie(request, answer, desk_guard(service))
            return answer

        return await desk_submit(request, sign_out, effect)

    return router
