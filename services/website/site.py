"""What the website's layer, frame and pages share in one web process."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from services.website.networks import country_lookup, provider_lookup
from services.website.recorder import Recorder
from services.website.registers import Registers, configured_registers
from services.website.rules.choices import GA_OFF, Signals, read_signals, revision_of
from services.website.rules.lines import Lookup
from services.website.rules.trackers import DOCUMENTS, GOOGLE, OWN, Cookie
from services.website.settings import HERE, SERVICE, WebsiteSettings, configured
from shared.web.language import Language
from shared.web.parts import Web
from shared.web.wordings import Wordings

FOLDER: Final = HERE / "scripts"


@dataclass(frozen=True)
class Set:
    """One cookie of ours to set; `seconds` 0 deletes it. Scripts may read it only if `open`."""

    name: str
    value: str = ""
    seconds: int = 0
    domain: str | None = None
    open: bool = False


@dataclass(frozen=True)
class Site:
    """Registers, words and look-ups of a process; what never changes while it runs."""

    web: Web
    chosen: WebsiteSettings
    registers: Registers
    recorder: Recorder
    country: Lookup
    provider: Lookup

    @classmethod
    def of(cls, web: Web) -> "Site":
        """Read everything once. Raises SettingsError, and OSError for a database that is none."""
        chosen = configured()
        return cls(
            web,
            chosen,
            configured_registers(),
            Recorder(web),
            country_lookup(chosen.country_database),
            provider_lookup(chosen.provider_database),
        )

    @property
    def wordings(self) -> Wordings:
        """Give the words of all declarations."""
        return self.web.pages.wordings[SERVICE]

    @property
    def revision(self) -> str:
        """Name what is asked for today, in these words."""
        return revision_of(
            {
                purpose: [self.wordings.current(purpose, one).sha256 for one in Language]
                for purpose in self.registers.purposes
            }
        )

    @cached_property
    def host(self) -> str:
        """Give our own host, from configuration, for the list of cookies."""
        return urlsplit(self.web.settings.public_url).netloc

    def host_of(self, cookie: Cookie) -> str:
        """Say on which host a cookie of the register lies; of accounts it may be a whole domain."""
        if cookie.host == DOCUMENTS and not self.web.settings.development:
            return self.chosen.onlineplus_domain.strip(".") or self.host
        return self.host if cookie.host in OWN else cookie.host

    @cached_property
    def ga_cookie(self) -> str | None:
        """Name the opt-out cookie of Google Analytics; None where it is not used."""
        site = self.registers.sites.get(GOOGLE)
        return None if site is None else GA_OFF + site

    def signals(self, cookies: dict[str, str], gpc: str | None) -> Signals:
        """Read what a request says by itself."""
        return read_signals(cookies, gpc, self.revision, self.registers.sites.get(GOOGLE))

    def header(self, cookie: Set) -> tuple[bytes, bytes]:
        """Write a Set-Cookie header: for this host alone, unless a domain is named."""
        answer = Response()
        answer.set_cookie(
            cookie.name,
            cookie.value,
            max_age=cookie.seconds,
            domain=cookie.domain,
            secure=self.web.settings.public_url.startswith("https:"),
            httponly=not cookie.open,
            samesite="lax",
        )
        return next((name, value) for name, value in answer.raw_headers if name == b"set-cookie")


def _path_of(name: str, content: bytes) -> str:
    stem = name.removesuffix(".js")
    return f"/assets/trackers/{stem}-{hashlib.sha256(content).hexdigest()[:16]}.js"


# Our own small files; a path holds its file's digest, so what it leads to never changes.
SCRIPTS: Final = {file.name: file.read_bytes() for file in sorted(FOLDER.glob("*.js"))}
SCRIPT_PATHS: Final = {name: _path_of(name, content) for name, content in SCRIPTS.items()}
SCRIPT_NAMES: Final = {path: name for name, path in SCRIPT_PATHS.items()}
