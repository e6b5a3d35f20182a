"""The layer around all pages: reads a visitor's choice, gives the frame, notes the access."""

import base64
import binascii
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.vocabulary import Method
from services.website import grants
from services.website.frame import PageFrame
from services.website.rules.agents import read_agent
from services.website.rules.choices import Visitor
from services.website.rules.lines import address_of
from services.website.rules.places import clean_referrer
from services.website.rules.trackers import Tracker
from services.website.rules.visits import Access
from services.website.settings import ANALYTICS, SERVICE
from services.website.site import Site
from shared.database import is_transient
from shared.logs import log
from shared.web.frame import set_frame
from shared.web.gate import route_of
from shared.web.parts import Web
from shared.web.reading import client_of

ASIDE = ("/assets/", "/healthz", "/readyz", "/favicon.ico", "/dev/")
UNNOTED = "/website/pixel/"  # no page and no file: a part of one that was noted
DOWNLOAD = "download"  # request.state.download: the name of a file given away (R-LOG-04)
# What trackers kept in the browser beside cookies; our own pages keep nothing there (R-CK-03).
CLEAR = (b"clear-site-data", b'"storage"')
CLIENT = re.compile(r"[A-Za-z0-9._~-]{1,120}")


class Layer:
    """Goes around the public routes of a process; without a choice it asks no database."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        """Wrap the routes."""
        self._app = app
        self._site = Site.of(web)
        web.before_close.append(self._site.recorder.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(ASIDE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        visitor = await self._visitor(request)
        frame = PageFrame(self._site, visitor, dict(request.cookies))
        set_frame(scope, frame)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, self._sending(frame, send))
        finally:
            self._note(request, visitor, time.perf_counter() - began)

    async def _visitor(self, request: Request) -> Visitor:
        """Read the request's signals, and what its key stands for while the database answers."""
        signals = self._site.signals(dict(request.cookies), request.headers.get("sec-gpc"))
        if signals.key is None:
            return Visitor(signals)
        try:
            database = await self._site.web.database(SERVICE)
            async with database.begin() as tx:
                if signals.gpc:
                    # The signal is the visitor's own act, and it ends what was granted before.
                    standing = await grants.stands(tx, signals.key)
                    await grants.end(tx, standing.values(), Method.GPC)
                    return Visitor(signals)
                live = await grants.live(tx, signals.key, self._site.wordings)
                if fresh := [one.subject_id for one in live.values() if not one.seen]:
                    await grants.note_seen(tx, fresh)
                for purpose, client in self._clients(request, set(live)).items():
                    await grants.note_client(tx, live[purpose], client)
                return Visitor(signals, live)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("choices-not-read", service=SERVICE, error=error)
            return Visitor(signals, read=False)

    def _clients(self, request: Request, purposes: set[str]) -> dict[str, str]:
        """Give what trackers call this browser, for the grants that stand (R-TR-01)."""
        found: dict[str, str] = {}
        for tracker in self._site.registers.trackers.values():
            client = client_of_tracker(tracker, request.cookies)
            if client is not None:
                found |= {one: client for one in tracker.purposes if one in purposes}
        return found

    def _sending(self, frame: PageFrame, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                cookies = [self._site.header(each) for each in frame.cookies]
                cleared = [CLEAR] if frame.clears else []
                message["headers"] = [*message["headers"], *cookies, *cleared]
            await send(message)

        return sending

    def _note(self, request: Request, visitor: Visitor, seconds: float) -> None:
        """Note an access in the closed schema: the route's template, never the path (R-LOG-03)."""
        address = address_of(client_of(request))
        if address is None or request.url.path.startswith(UNNOTED):
            return
        origin = clean_referrer(request.headers.get("referer", ""))
        device = read_agent(request.headers.get("user-agent", ""))
        download = getattr(request.state, DOWNLOAD, "")
        url = route_of(request.scope).replace("{lang}", _lang(request))
        analytics = visitor.granted.get(ANALYTICS) if visitor.may(ANALYTICS) else None
        access = Access(
            at=datetime.now(UTC),
            milliseconds=int(seconds * 1_000),
            address=address,
            country=self._site.country(address),
            provider=self._site.provider(address),
            url=download or url,
            referrer=origin.url,
            term=origin.term,
            browser=device.browser,
            system=device.system,
            page=request.method == "GET" and url != "-" and not download,
            download=bool(download),
            counted=visitor.signals.counted,
        )
        self._site.recorder.note(access, analytics.subject_id if analytics else None)


def client_of_tracker(tracker: Tracker, cookies: Mapping[str, str]) -> str | None:
    """Read what a tracker calls a browser from its cookie on our host; None if it has none."""
    if tracker.client is None:
        return None
    value = next((v for name, v in cookies.items() if fnmatchcase(name, tracker.client)), "")
    if tracker.client == "_ga":  # GA1.1.<number>.<number>: the last two are the client id
        value = ".".join(value.split(".")[2:])
    elif tracker.client.startswith("_hj"):
        value = _id_within(value)
    else:
        value = re.split(r"[|^%]", value)[0]
    return value if CLIENT.fullmatch(value) else None


def _id_within(value: str) -> str:
    with suppress(ValueError, binascii.Error, AttributeError):
        content = orjson.loads(base64.b64decode(value + "=="))
        return str(content.get("id", ""))
    return ""


def _lang(request: Request) -> str:
    lang = request.scope.get("path_params", {}).get("lang", "{lang}")
    return lang if lang in {"de", "en"} else "{lang}"
