"""Every form of every service: its marks are what the server demands, and it works without scripts.

Pages render their fields with the same macros, so one page for each form shows its marks; that no
template writes fields by hand is a test too.
"""

import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.registry import SERVICES
from shared.web import Form, Language
from shared.web.configuration import WebSettings
from shared.web.descriptors import descriptor
from shared.web.form_ids import FormIds
from shared.web.form_views import view_form
from shared.web.forms import FORM_ID, HONEYPOT, Kind
from shared.web.guard import CSRF
from shared.web.pages import Pages
from shared.web.problems import FormRefused, UnknownField
from shared.web.questions import question_of
from shared.web.values import Checks, read_values
from tests.bad_input import sample

ROOT = Path(__file__).parents[2]
PARTS = [service.part() for service in SERVICES]


def names_of(form: Form) -> list[str]:
    """Name all that a form declares."""
    return [one.name for one in form.fields] + [one.name for one in form.declarations]


FORMS = [form for part in PARTS for form in (*part.forms, *part.desk_forms)]
PAGES = Pages({one.service: one.folder for one in PARTS}, WebSettings.load().read_controller())
WEB: Any = SimpleNamespace(pages=PAGES, form_ids=FormIds(b"k" * 32))
# As pages hold a form; `whole_form` is what they all call.
WHOLE = PAGES._jinja.from_string(
    '{% from "web/fields.html" import whole_form with context %}{{ whole_form(form) }}'
)
NAMES = {name for form in FORMS for name in names_of(form)}
TEMPLATES = sorted(
    [*ROOT.glob("services/*/templates/**/*.html"), *ROOT.glob("shared/**/templates/**/*.html")]
)
MAILS = {file for file in TEMPLATES if "mail" in file.parts}
MACROS = ROOT / "shared" / "web" / "templates" / "fields.html"
# Trackers, each after its own grant (R-TR-00); everything else works without any script.
SCRIPTS = {ROOT / "services" / "website" / "templates" / "head.html"}
CONTROL = re.compile(r"<(?:input|select|textarea)\b[^>]*>")
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)


class Controls(HTMLParser):
    """What a browser finds in a page's forms: the controls by name, and which labels have a *."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.named: dict[str, dict[str, str | None]] = {}
        self.starred: set[str] = set()
        self.posts: list[str] = []
        self.buttons = 0
        self._label = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post":
            self.posts.append(given.get("action") or "")
        elif tag == "label":
            self._label = given.get("for") or "?"
        elif tag in {"input", "select", "textarea"}:
            name = given.get("name") or ""
            self.named[name] = given
            self._label = name if self._label == "?" else self._label
        elif tag == "button" and given.get("type") == "submit":
            self.buttons += 1

    def handle_data(self, data: str) -> None:
        if self._label and data.rstrip().endswith("*"):
            self.starred.add(self._label)

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self._label = ""


def shown(form: Form) -> tuple[Controls, dict[str, object]]:
    """Render a form as its page does, and describe it as frontends of other sites read it."""
    parameters = dict.fromkeys(re.findall(r"{(\w+)}", form.action), "x") | {"lang": "en"}
    view = view_form(
        form,
        Language.EN,
        PAGES.texts[form.service],
        PAGES.wordings[form.service],
        path_parameters=parameters,
        form_id=(form_id := WEB.form_ids.make(form.key) if form.once else ""),
        question=question_of(WEB.form_ids, form_id) if form.question else None,
    )
    texts = PAGES.texts[form.service]
    html = WHOLE.render(
        form=view,
        t=lambda key, **more: texts.get(Language.EN, key, **more),
        find_text=lambda *keys: texts.find(Language.EN, *keys),
    )
    return Controls(html), descriptor(view, Language.EN)


def refused_for(form: Form, entries: dict[str, str]) -> set[str]:
    """Give the names of the entries that the server refuses."""
    checks = Checks(Language.EN, PAGES.wordings[form.service], WEB.form_ids, 0.0)
    try:
        read_values(form, entries, checks)
    except FormRefused as refused:
        return set(refused.codes)
    return set()


@every_form
def test_what_is_marked_is_what_the_server_demands(form: Form) -> None:
    """In the page (`required` and the asterisk) and for programs, in both directions."""
    controls, told = shown(form)
    entries = sample(form, WEB)
    said = {one["name"]: one["mandatory"] for one in (*told["fields"], *told["declarations"])}  # type: ignore[misc]
    boxes = {one.name for one in form.declarations if one.box}
    seen = {one.name for one in form.fields if one.kind is not Kind.HIDDEN} | boxes

    assert not refused_for(form, entries), "what the form asks for is taken"
    demanded = set()
    for name in names_of(form):
        without = {key: value for key, value in entries.items() if key != name}
        refused = [refused_for(form, each) for each in (without, {**entries, name: ""})]
        assert refused in ([set(), set()], [{name}, {name}]), "refused alone, and by its own name"
        demanded |= refused[0]

    assert {name for name in seen if "required" in controls.named[name]} == demanded & seen
    assert controls.starred & seen == demanded & seen
    assert {name for name, mandatory in said.items() if mandatory} == demanded & set(said)


@every_form
def test_no_form_takes_a_field_that_it_does_not_declare(form: Form) -> None:
    """Nor one of another form, nor what protects one that this form does not have."""
    own = set(names_of(form))
    own |= {FORM_ID, HONEYPOT} if form.once else set()
    checks = Checks(Language.EN, PAGES.wordings[form.service], WEB.form_ids, 0.0)

    for name in sorted((NAMES | {FORM_ID, HONEYPOT, CSRF, "subject_id", "__proto__"}) - own):
        with pytest.raises(UnknownField):
            read_values(form, {**sample(form, WEB), name: ""}, checks)


@every_form
def test_a_form_is_one_post_with_one_button(form: Form) -> None:
    controls, told = shown(form)
    hidden = {one.name for one in form.declarations if not one.box}

    assert controls.posts == [told["action"]]
    assert "{" not in controls.posts[0]
    assert controls.buttons == 1
    assert set(controls.named) - {FORM_ID, HONEYPOT, CSRF} == set(names_of(form))
    assert all(controls.named[name].get("value") for name in hidden), "it travels with the button"


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_page_needs_no_script_and_writes_no_field_by_hand(file: Path) -> None:
    text = file.read_text("utf-8")
    by_hand = [one for one in CONTROL.findall(text) if 'type="hidden"' not in one]

    assert file == MACROS or not by_hand, "fields.html knows marks, hints and errors"
    assert file in SCRIPTS or not re.search(r"<script\b|\son[a-z]+\s*=|javascript:", text)
    if file not in MAILS:
        posts = re.findall(r"<form\b[^>]*>", text)
        assert all('method="post"' in one for one in posts)
        assert text.count('type="submit"') >= len(posts), "a button sends it, not a script"


@pytest.mark.rule("R-EL-02", "R-3P-02")
@every_form
def test_no_form_hands_its_entries_to_eloqua(form: Form) -> None:
    """Entries go to our own path, of the page and for programs, and to no other host."""
    controls, told = shown(form)

    assert controls.posts
    for action in (*controls.posts, str(told["action"])):
        assert action.startswith("/")
        assert not action.startswith("//")
    assert not {"elqSiteId", "elqFormName", "elqCustomerGUID"} & set(controls.named)
