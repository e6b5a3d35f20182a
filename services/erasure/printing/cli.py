"""`expunge certificate print`: a copy for paper, of a bundle that holds.

Exit codes: 0 written; 1 the certificate does not hold, and nothing is written; 2 the file is no
bundle, or the copy cannot be written.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from contracts.bundle import Bundle
from contracts.errors import BadCertificate
from contracts.verify_bundle import verify
from services.erasure.printing.paper import print_certificate
from shared.settings import Settings
from shared.web.language import Language

INVALID: Final = 1
USAGE: Final = 2

certificate = typer.Typer(help="What can be made of a certificate.", no_args_is_help=True)


@certificate.callback()
def only() -> None:
    """Keep `print` a command of its own while it is the only one."""


@certificate.command("print")
def print_command(
    bundle: Annotated[
        Path,
        typer.Argument(
            help="The certificate: a file that ends in .expunge.json.", exists=True, dir_okay=False
        ),
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF to write.")],
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.EN,
    url: Annotated[
        str | None,
        typer.Option(help="Where the QR code leads; without it the installation's own pages."),
    ] = None,
    trust: Annotated[
        Path | None, typer.Option("--trust", help="trust.json from elsewhere.", exists=True)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Print a certificate as a PDF (PDF/UA-1): a copy for people, never the proof.

    Exit 0 when it is written, 1 if the certificate does not hold, 2 if the file is no bundle.
    """
    envelope, report = _held(bundle, trust)
    where = url or Settings.load().public_url
    pdf = print_certificate(envelope, language, where, report["since"])
    try:
        output.write_bytes(pdf)
    except OSError:
        _say(f"{output} cannot be written.")
        raise typer.Exit(USAGE) from None
    said = {"file": str(output), "certificate": report["sha256"], "language": language.value}
    sys.stdout.write((json.dumps(said) if as_json else f"{output}") + "\n")


def _held(bundle: Path, trust: Path | None) -> tuple[bytes, dict[str, Any]]:
    """Read the envelope of a bundle that holds, and the report on it; else say why and exit."""
    data = bundle.read_bytes()
    try:
        envelope = Bundle.from_json(data).certificate
    except BadCertificate:
        _say(f"{bundle} cannot be read as a bundle.")
        raise typer.Exit(USAGE) from None
    report = verify(data, trust=trust.read_bytes() if trust else b"")
    if not report["valid"]:
        _say(f"Nothing is printed. INVALID: {report['problem']}")
        raise typer.Exit(INVALID)
    return envelope, report


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
