"""The certificate on paper: a copy that people can read, hear and compare, and nothing else."""

import io
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from contracts.bundle import Bundle
from contracts.certificate import OutOfScope, Predicate, Processor
from contracts.errors import BadCertificate
from contracts.vocabulary import ProcessorState
from services.erasure.printing import issued_path, print_certificate
from services.erasure.printing.cli import certificate
from shared.web.language import Language
from tests.contracts.samples import NOW, RETAINED, signer
from tests.contracts.story import Story, story, told, with_receipt

HERE = "https://privacy.example.org"
DIGEST = "f" * 64
HELD = with_receipt(told(RETAINED, signer("newsletter")))
MARKUP = '#eval("40 + 2") $x^2$ \\ *b* _i_ @ref <label> #include "/etc/passwd" [c] // gone'


def paper(true: Story, language: Language = Language.EN) -> PdfReader:
    return PdfReader(io.BytesIO(print_certificate(true.bundle().certificate, language, HERE)))


def text_of(read: PdfReader) -> str:
    """Take all text out, lines joined as a reader would."""
    return " ".join("".join(page.extract_text() for page in read.pages).split())


def saying(words: str) -> Story:
    """Let the issuer state these words wherever it may state any."""

    def edit(predicate: Predicate) -> Predicate:
        return predicate.model_copy(
            update={
                "controller": {"name": words},
                "processors": (
                    Processor(recipient=words, state=ProcessorState.IMPOSSIBLE, reason=words),
                ),
                "out_of_scope": (OutOfScope(what=words, gone_by=None),),
            }
        )

    return replace(story(), edit=edit)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            Language.EN,
            (
                "Everything is erased that may be erased",
                "This sheet is a copy",
                "5 March 2026, 10:30:01 CET",
                "erased but for what a law says must be kept",
                "legal obligation",
            ),
        ),
        (
            Language.DE,
            (
                "Alles ist gelöscht, was gelöscht werden darf",
                "Dieses Blatt ist eine Abschrift",
                "5. März 2026, 10:30:01 MEZ",
                "gelöscht bis auf das, was ein Gesetz aufzubewahren verlangt",
                "gesetzliche Pflicht",
            ),
        ),
    ],
)
def test_it_says_outcome_participants_and_times_with_their_zone(
    language: Language, words: tuple[str, ...]
) -> None:
    said = text_of(paper(HELD, language))

    for one in (*words, "Newsletter", "Example Company", "hgb-257"):
        assert one in said


@pytest.mark.parametrize("language", list(Language))
def test_it_is_tagged_and_claims_pdf_ua(language: Language) -> None:
    read = paper(HELD, language)
    metadata = read.xmp_metadata
    root: Any = read.root_object

    assert metadata is not None
    assert b"<pdfuaid:part>1</pdfuaid:part>" in metadata.stream.get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith(language.value)
    assert "/StructTreeRoot" in root


def test_the_same_envelope_gives_the_same_bytes() -> None:
    envelope = HELD.bundle().certificate

    made = {print_certificate(envelope, Language.EN, HERE) for _ in range(3)}

    metadata = PdfReader(io.BytesIO(next(iter(made)))).metadata

    assert len(made) == 1
    assert metadata is not None
    assert metadata.creation_date is not None
    assert metadata.creation_date.date() == HELD.predicate().completed_at.date()
    assert print_certificate(envelope, Language.DE, HERE) not in made


def test_what_an_issuer_states_stays_text() -> None:
    said = text_of(paper(saying(MARKUP)))

    assert said.count('#eval("40 + 2") $x^2$ \\ *b* _i_ @ref <label> #include') == 4
    assert "root:" not in said


def test_words_that_no_font_has_are_printed_without_the_claim() -> None:
    read = paper(saying("株式会社 \U0001f5d1 \u202e"))
    metadata = read.xmp_metadata

    assert "Certificate of an erasure" in text_of(read)
    assert metadata is None or b"pdfuaid" not in metadata.stream.get_data()


def test_its_link_has_a_time_and_a_digest_and_no_id() -> None:
    said = text_of(paper(story())).replace(" ", "")
    bundle = story().bundle()
    path = issued_path(Language.EN, story().predicate().completed_at, _digest_of(bundle))

    assert f"{HERE}{path}" in said
    assert str(story().predicate().request_id) not in path


def _digest_of(bundle: Bundle) -> str:
    return sha256(bundle.certificate).hexdigest()


def test_many_services_flow_over_pages() -> None:
    many = tuple(OutOfScope(what=f"thing {n}", gone_by=NOW + timedelta(days=n)) for n in range(100))
    read = paper(replace(story(), edit=lambda one: one.model_copy(update={"out_of_scope": many})))

    assert len(read.pages) > 1
    assert "thing 99" in text_of(read)


@pytest.mark.parametrize("envelope", [b"", b"{}", story().trust])
def test_what_is_no_certificate_is_not_printed(envelope: bytes) -> None:
    with pytest.raises(BadCertificate):
        print_certificate(envelope, Language.EN, HERE)


def test_the_command_prints_what_holds(tmp_path: Path) -> None:
    file, out = tmp_path / "c.expunge.json", tmp_path / "c.pdf"
    file.write_bytes(story().bundle().to_json())

    arguments = ["print", str(file), "--language", "de", "-o", str(out)]
    ran = CliRunner().invoke(certificate, [*arguments, "--url", HERE, "--json"])

    assert ran.exit_code == 0, ran.output
    assert _digest_of(story().bundle()) in ran.output
    assert out.read_bytes() == print_certificate(story().bundle().certificate, Language.DE, HERE)


def test_the_command_prints_nothing_that_does_not_hold(tmp_path: Path) -> None:
    lie, no_bundle, out = tmp_path / "lie", tmp_path / "no", tmp_path / "c.pdf"
    lie.write_bytes(replace(story(), by=signer("rights")).bundle().to_json())
    no_bundle.write_text("{}")

    codes = [
        CliRunner().invoke(certificate, ["print", str(file), "-o", str(out)]).exit_code
        for file in (lie, no_bundle)
    ]

    assert codes == [1, 2]
    assert not out.exists()
