"""Routes as a form post needs them: nothing before the endpoint that it has no use for."""

from inspect import signature
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import request_response


class PlainRoute(APIRoute):
    """Calls an endpoint that asks for nothing but the request, with nothing filled in before.

    For `APIRouter(route_class=PlainRoute)`; an endpoint with more parameters gets them as usual.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Make the route, and take away what fills in parameters where there are none."""
        super().__init__(*arguments, **options)
        if list(signature(self.endpoint).parameters) == ["request"]:
            self.app = request_response(self.endpoint)


def add_routes(app: FastAPI, router: APIRouter) -> None:
    """Add a router's routes to an app, one by one, in their order.

    A router that is included as a whole is asked twice for each request, route by route. Ours have
    nothing that inclusion would hand down: no prefix, no dependency.
    """
    app.router.routes.extend(
        context.original_route for context in iter_route_contexts(router.routes)
    )
