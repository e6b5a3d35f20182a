"""What one service may put around every page: parts of the frame, and an ASGI layer behind it.

The layer of a part stands behind the gate and in front of all public routes of the process. It may
give a request a `Frame`; pages ask it for their parts when they are rendered, so that it knows the
route, and that nothing foreign comes into a page that it should not.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from markupsafe import Markup
from starlette.requests import Request
from starlette.types import ASGIApp

if TYPE_CHECKING:
    from shared.web.parts import Web

Layer = Callable[[ASGIApp, "Web"], ASGIApp]
STATE = "frame"


@dataclass(frozen=True)
class Shown:
    """The parts of one page's frame; `sources` are hosts by directive that the page may load from.

    `page` is what only the service's own templates use.
    """

    head: Markup = field(default_factory=Markup)
    above: Markup = field(default_factory=Markup)
    foot: Markup = field(default_factory=Markup)
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    page: object = None


class Frame(Protocol):
    """One request's frame."""

    def shown(self, request: Request, *, status: int, form: bool) -> Shown:
        """Give the parts for a page that is answered now; `form`: it has a form to fill in."""


def set_frame(scope: MutableMapping[str, Any], frame: Frame) -> None:
    """Give a request its frame: what a layer does before it calls the routes."""
    scope["state"] = {**_state(scope), STATE: frame}


def shown_on(request: Request, *, status: int, form: bool) -> Shown | None:
    """Give the parts of this request's frame; None where no service brings one."""
    frame = _state(request.scope).get(STATE)
    return None if frame is None else cast("Frame", frame).shown(request, status=status, form=form)


def _state(scope: Mapping[str, object]) -> dict[str, object]:
    state = scope.get("state", {})
    return state if isinstance(state, dict) else {}
