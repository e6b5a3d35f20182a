"""Forms posted over real links and sessions by people whose every word is a marker."""

import itertools
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from demo.person import Person
from services.registry import SERVICES
from shared.web import Form
from shared.web.configuration import WebSettings
from shared.web.csrf import csrf_token
from shared.web.form_ids import FormIds
from shared.web.forms import Kind
from shared.web.guard import CSRF, cookie_name, session_digest
from shared.web.pages import Pages
from tests.bad_input import sample
from tests.installation import Installation

PARTS: Final = [service.part() for service in SERVICES]
FORMS: Final = {form.key: form for part in PARTS for form in (*part.forms, *part.desk_forms)}
DESKS: Final = {form.key for part in PARTS for form in part.desk_forms}
TYPED: Final = frozenset(Kind) - {Kind.CHOICE, Kind.TICK, Kind.QUESTION}
NOBODYS: Final = "refused"
SECRET: Final = "secret"
SHORTEST: Final = 20  # characters: a field that takes fewer holds no marker that is its own
LONGEST: Final = 10_000  # characters: what takes more is not made wrong by its length
TAKEN: Final = {200, 303}
REFUSED: Final = {400, 409, 422}
TARGET: Final = re.compile(r"""\b(?:href|src|action|content)=["']([^"']*)""")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Sent:
    """What a form answered, and what had been typed."""

    answer: httpx2.Response
    entries: dict[str, str]

    @property
    def secret(self) -> str:
        """The end of the address that it led to."""
        return self.answer.headers["location"].rpartition("/")[2]


@dataclass
class Posting:
    """Sends forms as their pages would, wrong and right, and remembers every word of each.

    A marker begins with what became of it: `refused`, `secret` (a password), or the service that
    took it. `shown` is what stood in addresses and in headers, by form.
    """

    installation: Installation
    taken: set[str] = field(default_factory=set)
    planted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    shown: dict[str, str] = field(default_factory=lambda: defaultdict(str))
    run: str = field(default_factory=lambda: secrets.token_hex(3))

    def __post_init__(self) -> None:
        """Know the pages, and the key that their form ids are made with."""
        kinds = [NOBODYS, SECRET, *(one.service for one in PARTS)]
        assert len({self.beginning(one) for one in kinds}) == len(kinds), "markers are told apart"
        settings = self.installation.settings
        folders = {one.service: one.folder for one in PARTS}
        self.web: Any = SimpleNamespace(
            pages=Pages(folders, WebSettings.load().read_controller()),
            form_ids=FormIds(settings.make_secret("web/forms").encode()),
            settings=settings,
        )

    def beginning(self, of: str) -> str:
        """Give what all markers begin with that are a password, refused, or a service's."""
        return f"{of[:3]}{self.run}x"

    def marker(self, of: str) -> str:
        """Invent a word that nobody else uses, of at most `SHORTEST` characters."""
        return f"{self.beginning(of)}{next(_numbers)}"

    async def post(
        self, client: httpx2.AsyncClient, key: str, /, *, given: Any = None, **path: str
    ) -> Sent:
        """Send a form wrong in each way, then right; `given` is what cannot be invented.

        `path` has the parameters of its address: a live link's secret, an id.
        """
        form = FORMS[key]
        address = form.action.format(**{"lang": "en", **path})
        for wrong in self._wrong(form, given or {}):
            answer = await self._send(client, form, address, wrong)
            assert answer.status_code in REFUSED, f"{key}: {answer.status_code} {answer.text}"
        entries = self._filled(form, form.service, SECRET) | (given or {})
        answer = await self._send(client, form, address, entries)
        assert answer.status_code in TAKEN, f"{key}: {answer.status_code} {answer.text}"
        self.taken.add(key)
        return Sent(answer, entries)

    def _wrong(self, form: Form, given: dict[str, str]) -> list[dict[str, str]]:
        """Give entries with one of them wrong: each field in turn, and one that nobody has."""
        most = {one.name: one.max_length for one in form.fields}
        names = [*most, *(one.name for one in form.declarations)]
        long = [one for one in names if most.get(one, 0) < LONGEST]
        tries = [(one, self.marker(NOBODYS) * 1_500) for one in long]
        tries.append(("nobody", self.marker(NOBODYS)))
        if "password" in names:  # well-formed, and not theirs
            tries.append(("password", self.marker(NOBODYS)))
        good = self._filled(form, NOBODYS, NOBODYS) | given
        return [{**good, name: value} for name, value in tries]

    def _filled(self, form: Form, words: str, passwords: str) -> dict[str, str]:
        """Fill a form as a person does, with a marker wherever words are typed."""
        good = sample(form, self.web)
        for one in form.fields:
            if one.kind in TYPED and one.max_length >= SHORTEST:
                word = self.marker(passwords if one.kind is Kind.PASSWORD else words)
                good[one.name] = f"{word}@example.org" if one.kind is Kind.EMAIL else word
        return good

    def found_in(self, text: str) -> list[str]:
        """Give the markers in a text, of whatever kind."""
        return re.findall(rf"\w{{3}}{self.run}x\d+", text)

    async def _send(
        self, client: httpx2.AsyncClient, form: Form, address: str, entries: dict[str, str]
    ) -> httpx2.Response:
        data = {name: value for name, value in entries.items() if value}
        self.planted[form.key] |= {name for name, value in data.items() if self.found_in(value)}
        if form.guard:
            cookie = client.cookies.get(cookie_name(self.web, form.guard)) or ""
            key = self.web.settings.make_secret("web/csrf").encode()
            data[CSRF] = csrf_token(key, session_digest(cookie))
        files = {  # a file's name is nobody's to read
            name: (f"{self.marker(NOBODYS)}.json", data.pop(name).encode())
            for name in form.files & data.keys()
        }
        answer = await client.post(address, data=data, files=files or None)
        headers = [value for _, value in answer.headers.multi_items()]
        self.shown[form.key] += "\n".join([str(answer.url), *headers, *TARGET.findall(answer.text)])
        return answer

    def inside(self) -> httpx2.AsyncClient:
        """Open a browser at the internal listener, where the desks stand."""
        url = self.installation.settings.internal_url
        return httpx2.AsyncClient(base_url=url, timeout=30.0, trust_env=False)

    async def mailed(self, client: httpx2.AsyncClient, to: str, part: str, after: int = 0) -> str:
        """Wait for a mailed link with `part`; gives its secret: what follows that part."""
        person = Person(client, to)
        path = urlsplit(await person.link(part, after=after)).path
        return path.partition(part)[2].partition("/")[0]
