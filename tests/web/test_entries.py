"""Small pure parts: addresses, form ids, tokens of signed-in forms, wordings, networks, JSON."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused, TooMany
from shared.web import addresses
from shared.web.addresses import NotAnAddress, exact_address
from shared.web.csrf import check_csrf, csrf_token
from shared.web.flood import Limits, network_of
from shared.web.form_body import parse_form
from shared.web.form_ids import BadFormId, FormIds
from shared.web.json_body import parse_json
from shared.web.language import Language
from shared.web.problems import CrossSite
from shared.web.wordings import UnknownWording, read_wordings
from tests.web.conftest import PART

ROOT = Path(__file__).parents[2]
URLENCODED = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("typed", "exact"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org ", "ada@example.org"),
        ("Ada.Lovelace+News@Example.ORG", "Ada.Lovelace+News@example.org"),
        ("o'hara@example.org", "o'hara@example.org"),
        ("a@b\u00fccher.example.org", "a@xn--bcher-kva.example.org"),
        ("a@xn--bcher-kva.example.org", "a@xn--bcher-kva.example.org"),
        ("a@B\u00dcCHER.example.org", "a@xn--bcher-kva.example.org"),
        ("a@\u0430pple.example.org", "a@xn--pple-43d.example.org"),
        ("{{7*7}}@example.org", "{{7*7}}@example.org"),
    ],
)
def test_one_address_has_one_spelling(typed: str, exact: str) -> None:
    assert exact_address(typed) == exact
    assert exact_address(exact) == exact


@given(
    st.from_regex(
        r"[A-Za-z0-9_+.-]{1,70}@([a-z0-9-]{1,66}\.){1,4}([a-z]{1,26}|test|local|arpa|onion)",
        fullmatch=True,
    )
)
def test_a_plain_address_is_what_the_library_says_it_is(typed: str) -> None:
    def said(read: Callable[[str], str]) -> str:
        try:
            return read(typed)
        except NotAnAddress:
            return "refused"

    assert said(exact_address) == said(addresses._checked)


@given(st.text(max_size=80))
def test_whatever_is_taken_for_an_address_is_plain_ascii(typed: str) -> None:
    try:
        exact = exact_address(f"{typed}@example.org")
    except NotAnAddress:
        return

    assert exact.isascii()
    assert exact.isprintable()
    assert exact.count("@") == 1
    assert not set(exact) & set(' <>()",;:\\[]\r\n')


def test_a_form_id_knows_its_form_its_age_and_its_key() -> None:
    seconds = [1_000_000.0]
    ids = FormIds(b"key", clock=lambda: seconds[0])
    text = ids.make("a/b")

    seconds[0] += 90_000
    assert ids.read("a/b", text).age_seconds == 90_000
    assert ids.read("a/b", text).expired
    for form_key, wrong in [("a/c", text), ("a/b", text[:-1] + "!"), ("a/b", ""), ("a/b", "é")]:
        with pytest.raises(BadFormId):
            ids.read(form_key, wrong)
    with pytest.raises(BadFormId):
        FormIds(b"other", clock=lambda: seconds[0]).read("a/b", text)


def test_no_two_form_ids_are_the_same() -> None:
    ids = FormIds(b"key", clock=lambda: 0.0)

    assert len({ids.make("a/b") for _ in range(1000)}) == 1000


def test_a_signed_in_forms_token_is_bound_to_its_session() -> None:
    token = csrf_token(b"key", b"session")

    check_csrf(b"key", b"session", token)
    assert token != csrf_token(b"key", b"session")
    for key, session, wrong in [
        (b"key", b"other", token),
        (b"other", b"session", token),
        (b"key", b"session", ""),
        (b"key", b"session", token[:-2]),
        (b"key", b"session", "zz"),
    ]:
        with pytest.raises(CrossSite):
            check_csrf(key, session, wrong)


async def test_networks_are_counted_apart_and_together() -> None:
    limits = Limits(per_network=2, together=3, without_work=9)

    await limits.count_post("192.0.2.1")
    await limits.count_post("192.0.2.1")
    with pytest.raises(TooMany):
        await limits.count_post("192.0.2.1")
    await limits.count_post("192.0.2.2")
    with pytest.raises(TooMany):
        await limits.count_post("192.0.2.3")


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("nonsense", "unknown"),
    ],
)
def test_a_household_is_one_network(client: str, network: str) -> None:
    assert network_of(client) == network


def test_the_wording_in_force_is_the_newest_and_its_digest_is_the_files() -> None:
    wordings = read_wordings(PART.folder)
    current = wordings.current("probe", Language.DE)

    assert (current.version, current.text) == (2, "Ich will die Probe, Stand heute.")
    file = PART.folder / "wordings" / "probe.v2.de.txt"
    tool = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert tool.stdout.split()[0] == current.sha256


@pytest.mark.parametrize("name", ["a.txt", "a.v1.txt", "a.v1.fr.txt", "A.v1.de.txt"])
def test_a_wording_named_otherwise_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "wordings").mkdir()
    (tmp_path / "wordings" / name).write_text("x")

    with pytest.raises(UnknownWording):
        read_wordings(tmp_path)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parsers(body: bytes) -> None:
    for parse in (
        parse_json,
        lambda one: parse_form(URLENCODED, one),
        lambda one: parse_form("multipart/form-data; boundary=x", b"--x\r\n" + one),
    ):
        try:
            found = parse(body)
        except Refused:
            continue
        assert "\0" not in repr(found)


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_what_a_browser_encodes_is_read_back(fields: dict[str, str]) -> None:
    good = {name: one for name, one in fields.items() if "\0" not in name + one}

    assert parse_form(URLENCODED, urlencode(good).encode()) == good
