"""Every POST route that exists, with every class of bad input. A new route is here by itself.

A route is one test, since its more than fifty classes take less long than fifty tests do.
"""

import logging
from dataclasses import dataclass

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from services.registry import SERVICES
from shared.slice import Service
from shared.web import Form, Language
from shared.web.guard import cookie_name
from tests.bad_input import BAD, BadInput, applies, faults, post, request_of, sample
from tests.house.house import SESSION, House

CHANGING = {"post", "put", "patch", "delete"}


@dataclass(frozen=True)
class Route:
    """One route that changes something, with the form it reads, if it reads one."""

    service: str
    path: str
    method: str
    public: bool
    form: Form | None

    @property
    def id(self) -> str:
        """Name the route in the test's id."""
        return f"{self.method}:{self.path}"


def routes_of(service: Service) -> list[Route]:
    """List a service's changing routes from its own routers."""
    part = service.part()
    forms = {form.action: form for form in (*part.forms, *part.desk_forms)}
    routers = {True: part.public, False: part.internal}
    return [
        Route(service.name, path, method, public, forms.get(path))
        for public, router in routers.items()
        if router is not None
        for path, methods in paths_of(router).items()
        for method in methods & CHANGING
    ]


def paths_of(router: APIRouter) -> dict[str, set[str]]:
    """Give every path of a router with its methods, routers inside it too."""
    app = FastAPI()
    app.include_router(router)
    paths = get_openapi(title="", version="", routes=app.routes).get("paths", {})
    return {path: set(methods) for path, methods in paths.items()}


ROUTES = [route for service in SERVICES for route in routes_of(service)]
EVERYWHERE = sum(bad.kind is None for bad in BAD)  # classes that need no field of a kind


def test_there_are_routes_to_try() -> None:
    with_forms = {service.name for service in SERVICES if service.part().forms}
    with_desk = {service.name for service in SERVICES if service.desk is not None}

    assert {route.service for route in ROUTES if route.form} == with_forms | with_desk
    tried = {route.form.key for route in ROUTES if route.form}
    declared = {
        form.key
        for service in SERVICES
        for form in (*service.part().forms, *service.part().desk_forms)
    }
    assert tried == declared, "every form has a route, and every route of a form is tried"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.id)
def test_a_public_route_is_posted_with_a_declared_form(route: Route) -> None:
    if route.public:
        assert route.method == "post", "people have forms: GET and POST"
        assert route.form is not None, "declare a Form with this action, in Service.forms"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.id)
async def test_bad_input_is_refused_everywhere(
    house: House,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    route: Route,
) -> None:
    caplog.set_level(logging.DEBUG)
    right = Language.DE if "{lang}" in route.path else Language.EN
    found, stored = [], await house.stored(route.service)
    tried = [bad for bad in BAD if applies(bad, route.form)]

    for bad in tried:
        try:
            answer = await send(house, route, bad)
        except Exception as error:
            error.add_note(f"{route.id} {bad.id}")
            raise
        logged = caplog.text + "".join(capfd.readouterr())
        caplog.clear()
        wrong = faults(answer, right, logged)
        if route.form and bad.id.startswith("unknown-") and answer.status_code not in bad.statuses:
            wrong.append("is refused for something else than the field")
        before, stored = stored, await house.stored(route.service)
        if stored != before:
            wrong.append("is stored")
        found += [f"{route.id} {bad.id} {fault}" for fault in wrong]

    assert len(tried) >= EVERYWHERE
    assert found == [], "\n".join(found)


async def send(house: House, route: Route, bad: BadInput) -> httpx2.Response:
    """Send one class of bad input, among good entries, in a browser of its own."""
    form, web = route.form, house.public.state.web
    entries = sample(form, web, Language.DE) if form else {}
    async with house.client(public=route.public) as client:
        if form and form.guard:
            # As somebody whose browser is signed in: what they send is refused all the same.
            entries |= house.guard_token()
            client.cookies.set(cookie_name(web, form.guard), SESSION)
        path = route.path.replace("{lang}", Language.DE).replace("{token}", "a" * 43)
        return await post(client, path, request_of(bad, form, entries))
