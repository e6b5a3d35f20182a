"""The policy for everybody, the foot of every page, and links that lead straight away."""

import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.website.policies import read_policies
from services.website.settings import HERE
from shared.settings import SettingsError
from shared.web.language import Language
from tests.website.site import Website

ROOT = Path(__file__).parents[2]
PAGES = (
    *("/", "/de/", "/en/", "/en/cookies", "/en/cookies/saved", "/en/cookies/counting"),
    *("/en/cookies/settings", "/en/cookies/google-analytics", "/en/cookies/erase"),
    *("/de/data-protection-policy.html", "/en/data-protection-policy/v1.html", "/en/nothing"),
)
POLICY = "/{}/data-protection-policy.html"


class Links(HTMLParser):
    """Collects the links of a page, and what a page loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(given)
        for name in ("src", "srcset", "data", "poster"):
            if name in given:
                self.loads.append(given[name])


@pytest.mark.rule("R-POL-02")
@pytest.mark.parametrize("lang", ["de", "en"])
async def test_the_policy_is_read_without_cookie_tracker_or_script(
    website: Website, lang: str
) -> None:
    async with website.browser() as browser:
        await website.choose(browser, "tracker.google_analytics", "tracker.hotjar")
        page = await browser.get(POLICY.format(lang))
    async with website.browser() as stranger:
        plain = await stranger.get(POLICY.format(lang))

    assert (page.status_code, plain.status_code) == (200, 200)
    for one in (page, plain):
        assert "set-cookie" not in one.headers
        assert "<script" not in one.text
        assert 'name="by" value="banner"' not in one.text
        assert f'lang="{lang}"' in one.text
    assert plain.text == re.sub(r"<form .*</form>\n", "", page.text, flags=re.DOTALL)
    assert page.text.count("<form ") == 1  # who agreed to something takes it back from any page


@pytest.mark.rule("R-POL-02")
async def test_every_version_keeps_its_address_and_can_be_taken_along(website: Website) -> None:
    for policy in read_policies(HERE / "policy").all:
        async with website.browser() as browser:
            page = await browser.get(
                f"/{policy.language}/data-protection-policy/v{policy.number}.html"
            )
            file = await browser.get(
                f"/{policy.language}/data-protection-policy/v{policy.number}.md"
            )
        assert policy.sha256 in page.text
        assert hashlib.sha256(file.content).hexdigest() == policy.sha256
        assert "attachment" in file.headers["content-disposition"]


@pytest.mark.rule("R-POL-02")
async def test_a_version_that_never_was_is_not_found(website: Website) -> None:
    async with website.browser() as browser:
        found = [
            (await browser.get(f"/en/data-protection-policy/{name}")).status_code
            for name in ("v99.html", "v0.md", "vx.html", "v-1.html")
        ]

    assert found == [404] * 4


@pytest.mark.rule("R-POL-01", "R-POL-02")
def test_a_published_version_never_changes(tmp_path: Path) -> None:
    folder = tmp_path / "policy"
    shutil.copytree(HERE / "policy", folder)
    read_policies(folder)
    text = folder / "policy.v1.en.md"
    text.write_text(text.read_text("utf-8") + "more", "utf-8")

    with pytest.raises(SettingsError, match="publish a new version"):
        read_policies(folder)


def test_both_languages_have_the_same_sections() -> None:
    german, english = (
        read_policies(HERE / "policy").in_force(language).text for language in Language
    )

    assert german.count("\n## ") == english.count("\n## ") == 13


@pytest.mark.rule("R-CT-09", "R-CK-08")
@pytest.mark.parametrize("path", PAGES)
async def test_the_foot_of_every_page_helps_and_leads_to_the_choices(
    website: Website, path: str
) -> None:
    async with website.browser() as browser:
        page = await browser.get(path)

    foot = page.text[page.text.index("<footer>") :]
    lang = "de" if 'html lang="de"' in page.text else "en"
    question = {"de": "Wie können wir Ihnen helfen?", "en": "How can we help you?"}[lang]
    assert question in foot
    assert 'href="tel:+4930498582-0"' in foot
    assert f'href="/{lang}/cookies"' in foot
    assert f'href="/{lang}/data-protection-policy.html"' in foot


@pytest.mark.rule("R-LNK-01")
@pytest.mark.parametrize("path", PAGES)
async def test_a_link_that_leaves_goes_straight_and_can_be_seen(
    website: Website, path: str
) -> None:
    async with website.browser() as browser:
        page = await browser.get(path)
    own = urlsplit(website.settings.public_url).hostname

    found = Links(page.text)
    foreign = [one for one in found.links if urlsplit(one["href"]).hostname not in {None, own}]
    for one in foreign:
        assert one.get("rel") == "noopener noreferrer", one
        assert "foreign" in one.get("class", "").split(), one
        assert urlsplit(one["href"]).scheme == "https", one
        assert not urlsplit(one["href"]).query, one
    assert foreign  # the authority stands on every page
    assert all(urlsplit(one).hostname in {None, own} for one in found.loads)


@pytest.mark.rule("R-LNK-01")
@pytest.mark.parametrize(
    "template",
    sorted((ROOT / "services").rglob("templates/*.html"))
    + sorted((ROOT / "shared/web/templates").glob("*.html")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_template_has_a_foreign_link_without_its_mark(template: Path) -> None:
    for tag in re.findall(r"<a [^>]*>", template.read_text("utf-8")):
        if re.search(r'href="(https?:|//|\{\{[^}]*(url|opt_out|plug_in))', tag):
            assert 'rel="noopener noreferrer"' in tag, tag
            assert "foreign" in tag, tag


@pytest.mark.rule("R-LNK-01")
def test_the_mark_can_be_seen_and_is_not_read_out() -> None:
    style = (ROOT / "shared/web/assets/expunge.css").read_text("utf-8")

    assert re.search(r'a\.foreign::after \{.* content: "[^"]+" / "";', style)
