"""`expunge verify`, and what else this service brings to the command line.

Exit codes: 0 everything holds; 1 something does not; 2 the command was given something that it
cannot use.
"""

import sys
from collections.abc import Sequence
from json import dumps, loads
from pathlib import Path
from typing import Annotated, Final

import typer

from contracts import verify_bundle
from contracts.errors import BadLog
from contracts.tlog.checkpoint import LogProof
from contracts.tlog.notes import VerifierKey
from services.erasure.audit.cli import audit
from services.erasure.audit.commands import Json, TrustFile
from services.erasure.log.cli import log_commands
from services.erasure.log.demanding import Demanded, read_keys, without
from services.erasure.printing.cli import certificate
from shared.logs import set_up_logs
from shared.settings import Settings

PANEL: Final = "Check what others claim"
PROCESSES: Final = "Run one process"


def commands(app: typer.Typer) -> None:
    """Add what this service brings to the command line."""
    app.command("verify", rich_help_panel=PANEL)(verify)
    app.add_typer(certificate, name="certificate", rich_help_panel=PANEL)
    app.add_typer(audit, name="audit", rich_help_panel=PANEL)
    app.add_typer(log_commands, name="log", rich_help_panel=PANEL)
    app.command("views", rich_help_panel=PROCESSES)(views)


def views(
    *,
    once: Annotated[
        bool, typer.Option("--once", help="Rebuild, compare, print and end; 1 if they differ.")
    ] = False,
) -> None:
    """Count live consents and requests from the log, and compare with their owners."""
    # Faust is loaded by this command alone.
    from services.erasure.views.cli import run  # noqa: PLC0415

    set_up_logs("views")
    code = run(Settings.load(), print_and_end=once)
    if code:
        raise typer.Exit(code)


def verify(
    bundle: Annotated[
        Path,
        typer.Argument(
            help="The certificate: a file that ends in .expunge.json.", exists=True, dir_okay=False
        ),
    ],
    *,
    trust: TrustFile = None,
    root: Annotated[
        str | None, typer.Option(help="The root key in hex, from a source you trust.")
    ] = None,
    nonce: Annotated[str | None, typer.Option(help="The person's secret, in hex.")] = None,
    witness: Demanded = None,
    json: Json = False,
) -> None:
    """Check a certificate offline: exit 0 if it holds, 1 if not, 2 if it is no bundle."""
    if lacking := _lacking(bundle, read_keys(witness)):
        said = {"valid": False, "problem": f"the log: not cosigned by {', '.join(lacking)}"}
        sys.stdout.write((dumps(said) if json else verify_bundle.text(said)) + "\n")
        raise typer.Exit(1)
    arguments = [str(bundle)]
    for name, value in (("--trust", trust), ("--root", root), ("--nonce", nonce)):
        arguments += [] if value is None else [name, str(value)]
    raise typer.Exit(verify_bundle.main([*arguments, *(["--json"] if json else [])]))


def _lacking(bundle: Path, keys: Sequence[VerifierKey]) -> list[str]:
    """Name the witnesses that did not cosign the head in a bundle; none where it is no bundle."""
    try:
        proof = loads(bundle.read_bytes()).get("logProof")
    except (ValueError, AttributeError, OSError):
        return []  # the verifier says so
    try:
        return without(LogProof.read(proof).checkpoint, keys)
    except (BadLog, AttributeError):
        return [key.name for key in keys]
