"""An access log keeps ten items and nothing else, whatever a browser sends."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.website.rules.addresses import cut, read_address, written_by_our_proxy
from services.website.rules.lines import read_line
from services.website.rules.places import clean_path, clean_referrer
from services.website.rules.visits import ITEMS, Access, count_up

CANARY = "zq7Canary"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
LINE = (
    '203.0.113.77 - - [23/Nov/2026:09:15:00 +0100] "GET {target} HTTP/1.1" 200 5 '
    '"{referrer}" "{agent}" 0.250'
)
# What the policy names; a field more here is a decision, not a slip.
TEN_ITEMS = (
    *("at", "milliseconds", "address", "country", "provider", "url", "referrer", "term"),
    *("browser", "system", "page", "download"),
)
quiet = st.text(alphabet=st.characters(exclude_characters='"\\\n\r', min_codepoint=32), max_size=80)


def line(target: str = "/", referrer: str = "-", agent: str = FIREFOX) -> str:
    """Write one line as a server does."""
    return LINE.format(target=target, referrer=referrer, agent=agent)


def stored(access: Access) -> str:
    """Give everything that would be stored, as one text."""
    return " ".join(str(value) for value in access)


@pytest.mark.rule("R-LOG-01")
def test_a_line_becomes_the_ten_items() -> None:
    access = read_line(
        line("/de/berichte/bericht.pdf?a=1", "https://www.bing.com/search?q=digital+mail&x=2"),
        country=lambda _: "DE",
        provider=lambda _: "Example Net",
    )

    assert ITEMS == TEN_ITEMS
    assert access == Access(
        at=datetime(2026, 11, 23, 8, 15, tzinfo=UTC),
        milliseconds=250,
        address="203.0.113.77",
        country="DE",
        provider="Example Net",
        url="/de/berichte/bericht.pdf",
        referrer="www.bing.com/search",
        term="digital mail",
        browser="Firefox 145",
        system="Linux",
        page=False,
        download=True,
        counted=True,
    )


@pytest.mark.rule("R-LOG-01", "R-LOG-03")
@example(before="", after="\ud800", name="email")
@given(before=quiet, after=quiet, name=st.sampled_from(["email", "token", "session", "q", "a"]))
def test_nothing_else_that_a_browser_sends_is_kept(before: str, after: str, name: str) -> None:
    secret = f"{CANARY}{before.replace(' ', '')}"
    lines = [
        line(target=f"/de/?{name}={CANARY}"),
        line(target=f"/de/page#{CANARY}"),
        line(referrer=f"https://u:{CANARY}@shop.example.org/a?{name}={CANARY}#{CANARY}"),
        line(agent=f"{FIREFOX} {CANARY}/{after}"),
        line() + f' "Cookie: {secret}" "Authorization: {CANARY}" {CANARY}',
        f"{line()} {after} {CANARY}",
        line().replace("- -", f"{CANARY} {CANARY}", 1),
    ]

    for each in lines:
        access = read_line(each)
        assert access is None or CANARY not in stored(access), each


@pytest.mark.rule("R-LOG-03")
@given(token=st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEF0123456789_-", min_size=1))
def test_a_mailed_link_never_reaches_the_disk(token: str) -> None:
    token = f"x{token}"
    for word in ("reset", "confirm", "unsubscribe", "preferences", "token", "session"):
        path = f"/de/newsletter/{word}/{token}"
        for access in (read_line(line(path)), read_line(line("/", f"https://example.org{path}"))):
            assert access is not None
            assert f"/{token}" not in stored(access)
            assert f"/{word}/{{}}" in stored(access)


@pytest.mark.rule("R-LOG-03")
@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/en/data-protection-policy.html?lang=en#top", "/en/data-protection-policy.html"),
        ("/de/blog/2026/11/digitale-poststelle", "/de/blog/2026/11/digitale-poststelle"),
        ("/files/Best-Practice-Report-2026.pdf", "/files/Best-Practice-Report-2026.pdf"),
        ("/ada%40example.org/start", "/{}/start"),
        ("/customers/12345678", "/customers/{}"),
        ("/x/550e8400-e29b-41d4-a716-446655440000", "/x/{}"),
        ("/x/kPq3JZ2m-1kd9", "/x/{}"),
        ("/x/9f86d081884c7d65", "/x/{}"),
        ("/x/" + "a" * 43, "/x/{}"),
        ("https://example.org:8443/en/?a", "/en/"),
        ("/x;jsessionid=1", "/x"),
        ("*", "/"),
        ("/" + "a/" * 400, "{}"),
    ],
)
def test_a_path_keeps_names_and_loses_secrets(target: str, kept: str) -> None:
    assert clean_path(target) == kept


@pytest.mark.rule("R-LOG-03")
@pytest.mark.parametrize(
    ("referrer", "url", "term"),
    [
        ("https://www.google.de/search?q=archive+software&hl=de", "www.google.de/search", None),
        ("https://search.yahoo.com/search?p=archive%20software", "search.yahoo.com/search", None),
        ("https://www.google.com/search?q=ada%40example.org", "www.google.com/search", ""),
        ("https://www.google.com/search?q=phone+0301234567", "www.google.com/search", ""),
        ("https://shop.example.org/search?q=archive+software", "shop.example.org/search", ""),
        ("https://name:word@example.org:81/a/b?c#d", "example.org/a/b", ""),
        ("javascript:alert(1)", "", ""),
        ("-", "", ""),
    ],
)
def test_a_referrer_keeps_host_and_path_and_a_known_engines_term(
    referrer: str, url: str, term: str | None
) -> None:
    found = clean_referrer(referrer)

    assert found.url == url
    assert found.term == ("archive software" if term is None else term)


@pytest.mark.rule("R-LOG-02", "R-GA-01")
@pytest.mark.parametrize(
    ("whole", "left"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("203.0.113.77:51234", "203.0.113.0"),
        ("[2001:db8::1]:443", "2001:db8::"),
        ("[2001:db8:1:2::9]", "2001:db8:1::"),
        ("fe80::1%eth0", "fe80::"),
        ("ada@example.org", None),
        ("203.0.113.777", None),
        ("", None),
    ],
)
def test_a_cut_address_says_no_household(whole: str, left: str | None) -> None:
    assert cut(whole) == left


@pytest.mark.rule("R-LOG-02", "R-GA-01")
@given(st.ip_addresses(v=4))
def test_the_last_8_bits_of_v4_are_gone(address: object) -> None:
    assert str(cut(str(address))).endswith(".0")


@pytest.mark.rule("R-LOG-02", "R-GA-01")
@given(st.integers(min_value=2**112, max_value=2**128 - 1), st.integers(0, 2**80 - 1))
def test_the_last_80_bits_of_v6_decide_nothing(address: int, other: int) -> None:
    def written(number: int) -> str:
        return ":".join(f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))

    same_site = address >> 80 << 80 | other

    assert cut(written(address)) == cut(written(same_site))


@pytest.mark.rule("R-LOG-02")
def test_only_the_hop_that_our_proxy_wrote_counts() -> None:
    forged = ["203.0.113.1", "198.51.100.7"]

    assert written_by_our_proxy("192.0.2.9:443", forged, 0) == "192.0.2.9"
    assert written_by_our_proxy("192.0.2.9", forged, 1) == "198.51.100.7"
    assert written_by_our_proxy("192.0.2.9", forged[:1], 2) is None


@pytest.mark.rule("R-LOG-04")
def test_downloads_and_pages_are_told_apart() -> None:
    page, file, style = (
        read_line(line(path)) for path in ("/de/blog/text", "/f/report.pdf", "/a/site.css")
    )

    assert page is not None
    assert file is not None
    assert style is not None
    assert (page.page, page.download) == (True, False)
    assert (file.page, file.download) == (False, True)
    assert (style.page, style.download) == (False, False)
    assert ("download", "/f/report.pdf") in {key[1:] for key in count_up([file])}


@pytest.mark.rule("R-LOG-05", "R-LOG-08")
def test_totals_hold_no_visitor_and_leave_out_who_objected() -> None:
    search = "https://www.google.com/search?q=ada+lovelace"
    access, objected = read_line(line("/de/", search)), read_line(line() + " uncounted")

    assert access is not None
    assert objected is not None
    totals = " ".join(map(str, count_up([access])))
    assert "203.0.113" not in totals
    assert "lovelace" not in totals
    assert not count_up([objected])


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "no line",
        line().replace("23/Nov", "99/Nov"),
        line().replace("Nov", "Nex"),
        line().replace("203.0.113.77", "host.example.org"),
        "x" * 20_000,
    ],
)
def test_what_is_no_line_is_passed_over(broken: str) -> None:
    assert read_line(broken) is None


def test_a_broken_request_keeps_no_word_of_it() -> None:
    access = read_line(line().replace("GET / HTTP/1.1", f"{CANARY} \\x16\\x03"))

    assert access is not None
    assert access.url == "{}"
    assert not access.page


def test_an_address_is_read_in_one_spelling() -> None:
    assert read_address("2001:0DB8::0001") == read_address("[2001:db8::1]:8080") == "2001:db8::1"
