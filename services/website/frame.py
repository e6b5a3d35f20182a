"""What the website puts around every page: the banner, the foot, and trackers after their grant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup
from starlette.requests import Request

from services.website.forms import ROOT, field_of
from services.website.rules.choices import (
    CHOICES,
    PREFERENCES,
    Visitor,
    read_preferences,
    write_choice,
)
from services.website.rules.trackers import (
    OK,
    Place,
    Tracker,
    may_load,
    may_track,
    named,
    standing,
    switches,
)
from services.website.settings import CHOICE_LIFE, SERVICE
from services.website.site import SCRIPT_PATHS, Set, Site
from shared.web import Language
from shared.web.frame import Shown
from shared.web.gate import route_of
from shared.web.language import language_of

CONTACT = "contact"
STANDING = "standing.js"
# What a visitor sees after a choice, an opt-out, or having this browser erased.
FOLLOWS = frozenset(f"{ROOT}/{end}" for end in ("saved", "google-analytics/off", "erased/{cases}"))


@dataclass
class PageFrame:
    """One request's frame; routes put the cookies they set into `cookies`."""

    site: Site
    visitor: Visitor
    sent: Mapping[str, str]  # cookies as the browser sent them
    cookies: list[Set] = field(default_factory=list)
    clears: bool = False  # what trackers keep in the browser beside cookies goes with this answer

    def shown(self, request: Request, *, status: int, form: bool) -> Shown:
        """Give banner, foot and scripts for a page that is answered now."""
        lang = language_of(request)
        place = self._place(request, status=status, form=form)
        if self._ended_by_signal:
            # Only with a page, which says so to the other windows: a redirection cannot.
            self.cookies += [choice_cookie(self.site, None), *over(self, frozenset())]
            self.clears = True
        elif self.visitor.read:
            self.cookies += over(self, frozenset(filter(self.visitor.may, self.visitor.granted)))
        tracked = may_track(place, self.site.chosen.tracked_routes)
        loaded = self._loaded(place) if tracked else {}
        banner = tracked and self.visitor.must_be_asked and bool(self.site.registers.purposes)
        said = self._standing(place, loaded)
        pixel = self._pixel(place) if "wiredminds" in loaded else ""
        return Shown(
            head=self._markup("head", lang, request, scripts=self._scripts(loaded), standing=said),
            above=self._banner(lang, request) if banner else Markup(),
            foot=self._foot(lang, request) + pixel,
            sources={"script-src": ["'self'"], **_sources(loaded)} if said else _sources(loaded),
            page=self,
        )

    def country_and_language(self) -> tuple[str, str]:
        """Give the visitor's own setting, each part empty where there is none."""
        return read_preferences(self.sent.get(PREFERENCES, ""))

    def _place(self, request: Request, *, status: int, form: bool) -> Place:
        return Place(
            route_of(request.scope), status, form, set(request.query_params), set(self.sent)
        )

    def _loaded(self, place: Place) -> dict[str, Tracker]:
        return {
            name: tracker
            for name, tracker in self.site.registers.trackers.items()
            if may_load(name, tracker, self.visitor, place)
        }

    def _standing(self, place: Place, loaded: Mapping[str, Tracker]) -> dict[str, object] | None:
        """Say what runs on a page with scripts, and what stands on one that follows an end.

        What was taken back in another window of the browser ends here by it (R-CK-03).
        """
        used = self.site.registers.trackers
        said = {}
        if runs := standing(loaded, self.visitor):
            said["runs"] = " ".join(runs)
        scripted = any(one.script is not None for one in used.values())
        follows = place.route in FOLLOWS and place.status == OK
        if scripted and (follows or self._ended_by_signal):
            said["stands"] = " ".join(standing(used, self.visitor))
        return {"src": SCRIPT_PATHS[STANDING], "said": said} if said else None

    @property
    def _ended_by_signal(self) -> bool:
        """Say whether Global Privacy Control ended what this browser's key stood for."""
        signals = self.visitor.signals
        return signals.gpc and signals.key is not None and self.visitor.read

    def _pixel(self, place: Place) -> Markup:
        """Give our own point, which our server passes on (R-WM-01)."""
        number = sorted(self.site.chosen.tracked_routes).index(place.route)
        return Markup('<img src="/website/pixel/{}" alt="" width="1" height="1">').format(number)

    def _scripts(self, loaded: Mapping[str, Tracker]) -> list[dict[str, object]]:
        """Say what each script is told: our id there, its flags, Clarity's two switches."""
        return [
            {
                "src": SCRIPT_PATHS[tracker.script],
                "site": self.site.registers.sites[name],
                "flags": tracker.flags,
                "switches": switches(self.visitor) if name == "clarity" else {},
            }
            for name, tracker in loaded.items()
            if tracker.script is not None
        ]

    def _banner(self, lang: Language, request: Request) -> Markup:
        words = {one: self.site.wordings.current(one, lang) for one in self.site.registers.purposes}
        asked = [(field_of(one), one, wording) for one, wording in words.items()]
        return self._markup("banner", lang, request, asked=asked, back=request.url.path)

    def _foot(self, lang: Language, request: Request) -> Markup:
        foot = self.site.registers.foot[lang]
        number = foot.number(self.country_and_language()[0])
        parts = self.site.web.parts
        contact = next((one.cards[0].path for one in parts if one.service == CONTACT), "")
        link = contact.format(lang=lang)
        granted = any(map(self.visitor.may, self.visitor.granted))
        said = {"foot": foot, "number": number, "contact": link, "granted": granted}
        return self._markup("foot", lang, request, **said)

    def _markup(self, name: str, lang: Language, request: Request, **context: Any) -> Markup:
        html = self.site.web.pages.html(f"{SERVICE}/{name}.html", lang, request.url.path, **context)
        return Markup(html)  # noqa: S704 - our own template, with every value escaped


def choice_cookie(site: Site, key: str | None) -> Set:
    """Make the cookie that holds a choice; a refusal is remembered without any id."""
    return Set(CHOICES, write_choice(site.revision, key), int(CHOICE_LIFE.total_seconds()))


def over(frame: PageFrame, granted: frozenset[str]) -> list[Set]:
    """Name the cookies to delete: on this host, and on the other domains that are declared.

    Of trackers that are not used any more, too, and of grants that ended while nobody was here.
    """
    patterns = [
        pattern
        for tracker in frame.site.registers.known.values()
        if tracker.purpose not in granted
        for pattern in tracker.cookies
    ]
    hosts: tuple[str | None, ...] = (None, *frame.site.chosen.cookie_hosts)
    found = named(patterns, list(frame.sent))
    return [Set(name, domain=host) for name in found for host in hosts]


def frame_of(request: Request) -> PageFrame:
    """Give the frame that the layer gave this request."""
    frame: PageFrame = request.state.frame
    return frame


def _sources(loaded: Mapping[str, Tracker]) -> dict[str, list[str]]:
    """Give what the page may load: nothing foreign without a grant, not even our own scripts."""
    found: dict[str, list[str]] = {}
    for tracker in loaded.values():
        if tracker.script is not None:
            found["script-src"] = found.get("script-src", ["'self'"])
        for directive, hosts in tracker.sources.items():
            found.setdefault(directive, []).extend(hosts)
    return found
