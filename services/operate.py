"""Commands that run the whole system on this machine: up, down, status, logs, reset, doctor."""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services import doctor as doctoring
from services.up import PARTS, answers_ok, keep_running, port_of, system
from shared.settings import Settings
from shared.stack.display import Terminal
from shared.stack.errors import StackError
from shared.stack.identity import remove_home
from shared.stack.instance import held, running
from shared.stack.signals import stop_on_signals

STOP_WITHIN_S = 90.0
POLL_S = 0.1
# Named one by one: a state folder may be set to a place where other things live.
WRITTEN = ("kafka", "inbox", "log", "logs", "secrets", "wake", "trust.json", "run.json")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def listens(part: str, name: str) -> typer.models.OptionInfo:
    """Make the option that says where a part listens on loopback."""
    option: typer.models.OptionInfo = typer.Option(
        help=f"Port of {part}, on loopback; without it EXPUNGE_{name} says where.",
        show_default=False,
    )
    return option


def up(
    *,
    port: Annotated[int | None, listens("the public pages", "BIND")] = None,
    internal_port: Annotated[int | None, listens("the internal pages", "INTERNAL_BIND")] = None,
    postgres_port: Annotated[int | None, listens("PostgreSQL", "POSTGRES")] = None,
    kafka_port: Annotated[int | None, listens("Kafka", "KAFKA")] = None,
    smtp_port: Annotated[int | None, listens("the mail inbox", "SMTP")] = None,
    state: Annotated[Path | None, typer.Option(help="Folder for everything we write.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(help=f"Part that somebody else runs: {', '.join(PARTS)}. May be repeated."),
    ] = None,
) -> None:
    """Start everything and keep it running until Ctrl-C or `expunge down`."""
    from services.cli import run  # noqa: PLC0415 (the commands that prepare are the CLI's own)

    ports = {
        "bind": port,
        "internal_bind": internal_port,
        "postgres": postgres_port,
        "kafka": kafka_port,
        "smtp": smtp_port,
    }
    settings = settings_for_up(state, ports)
    display = Terminal()
    with stop_on_signals(), system(settings, run, display, without=without or ()) as supervisor:
        display.say(f"Ready at {settings.public_url}; mails at {settings.public_url}/dev/inbox")
        display.say("Ctrl-C or `expunge down` stops it.")
        keep_running(supervisor)
    display.say("Stopped.")


def settings_for_up(state: Path | None, ports: dict[str, int | None]) -> Settings:
    """Read the settings; flags win, and development mode is on unless EXPUNGE_DEVELOPMENT=0."""
    os.environ.setdefault("EXPUNGE_DEVELOPMENT", "1")
    for name, port in ports.items():
        if port is not None:
            os.environ[f"EXPUNGE_{name.upper()}"] = f"127.0.0.1:{port}"
    for name, url in (("BIND", "PUBLIC_URL"), ("INTERNAL_BIND", "INTERNAL_URL")):
        host = "localhost" if name == "BIND" else "127.0.0.1"
        if bind := os.environ.get(f"EXPUNGE_{name}"):
            os.environ.setdefault(f"EXPUNGE_{url}", f"http://{host}:{port_of(bind)}")
    if state is not None:
        os.environ["EXPUNGE_STATE"] = str(state)
    os.environ["EXPUNGE_STATE"] = str(Path(os.environ.get("EXPUNGE_STATE", ".expunge")).absolute())
    return Settings.load()


def down() -> None:
    """Stop the system that `expunge up` started in this state folder."""
    state = Settings.load().state
    if not held(state):
        typer.echo(f"Nothing runs in {state}.")
        return
    with contextlib.suppress(ProcessLookupError):  # killed: its last children are just ending
        os.kill(int(running(state)["pid"]), signal.SIGTERM)
    until = time.monotonic() + STOP_WITHIN_S
    while held(state):
        if time.monotonic() > until:
            msg = f"It did not stop within {STOP_WITHIN_S:.0f} s; see {state / 'logs'}."
            raise StackError(msg)
        time.sleep(POLL_S)
    typer.echo("Stopped.")


def status(*, as_json: AsJson = False) -> None:
    """Say what runs and whether it is ready; exit code 1 if nothing runs."""
    settings = Settings.load()
    found = running(settings.state) if held(settings.state) else {}
    answer = {
        "running": bool(found),
        "state": str(settings.state),
        "pid": found.get("pid"),
        "url": found.get("url"),
        "ready": bool(found.get("url")) and answers_ok(f"{found.get('url')}/readyz"),
        "children": [{"name": name, **facts} for name, facts in found.get("children", {}).items()],
        "checks": _checks() if found else [],
        "witnesses": _witnesses() if found else [],
    }
    if as_json:
        typer.echo(json.dumps(answer))
    else:
        _print_status(answer)
    if not found:
        raise typer.Exit(1)


def _print_status(answer: dict[str, Any]) -> None:
    if not answer["running"]:
        typer.echo(f"Nothing runs in {answer['state']}; `expunge up` starts it.")
        return
    word = "ready" if answer["ready"] else "not ready yet"
    table = Table("Part", "Process", "Ports", "Restarts", title=f"{answer['url'] or ''} is {word}")
    for child in answer["children"]:
        ports = ", ".join(str(port) for port in child["ports"])
        table.add_row(child["name"], str(child["pid"]), ports, str(child["restarts"]))
    Console().print(table)
    for check in answer["checks"]:
        word = "late" if check["late"] else "passed" if check["passed"] else "FAILED"
        typer.echo(f"Check {check['name']}: {word}, {check['ended_at']}")
    for one in answer["witnesses"]:
        typer.echo(f"Witness {one['name']}: saw {one['size']} leaves of the log, {one['at']}")


def _checks() -> list[dict[str, Any]]:
    """Say how the installation's checks of itself went the last time (R-SEC-01)."""
    from services.evidence import known  # noqa: PLC0415 (loads the database's driver)
    from services.selfcheck import is_late  # noqa: PLC0415

    return [
        {
            "name": one.name,
            "passed": one.passed,
            "late": is_late(one, datetime.now(UTC)),
            "ended_at": one.ended_at.isoformat(timespec="seconds"),
            "passed_at": one.passed_at and one.passed_at.isoformat(timespec="seconds"),
        }
        for one in known().values()
    ]


def _witnesses() -> list[dict[str, Any]]:
    """Say how much of the log each witness signed, and when by its clock."""
    from services.evidence import witnessed  # noqa: PLC0415 (loads the database's driver)

    return [
        {"name": name, "size": one.size, "at": one.at and one.at.isoformat(timespec="seconds")}
        for name, one in witnessed().items()
    ]


def logs(
    name: Annotated[str | None, typer.Argument(help="Part, such as kafka or web.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="Last lines to begin with.")] = 50,
) -> None:
    """Print the log of one part, or say which there are."""
    folder = Settings.load().state / "logs"
    if name is None:
        for file in sorted(folder.glob("*.log")):
            typer.echo(f"{file.stem}\t{file}")
        return
    file = folder / Path(name).with_suffix(".log").name
    if not file.exists():
        msg = f"There is no log of {name} in {folder}: `expunge logs` lists what there is."
        raise StackError(msg)
    for line in file.read_text(errors="replace").splitlines()[-lines:]:
        typer.echo(line)
    if follow:
        _follow(file)


def _follow(file: Path) -> None:
    with stop_on_signals(), file.open(errors="replace") as text:
        text.seek(0, os.SEEK_END)
        while True:
            if grown := text.read():
                sys.stdout.write(grown)
                sys.stdout.flush()
            else:
                time.sleep(POLL_S)


def reset(
    *, yes: Annotated[bool, typer.Option("--yes", help="Do not ask; there is no way back.")] = False
) -> None:
    """Delete every datum, key and log in the state folder; downloads stay."""
    state = Settings.load().state
    if held(state):
        msg = f"The system runs in {state}: stop it first with `expunge down`."
        raise StackError(msg)
    if not yes:
        typer.confirm(f"Delete databases, topics, keys, mails and logs in {state}?", abort=True)
    remove_state(state)
    typer.echo(f"{state} is empty.")


def remove_state(state: Path) -> None:
    """Remove what `up` wrote, and nothing of others who live below (tests, demo)."""
    remove_home(state)
    for name in WRITTEN:
        path = state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def doctor(*, as_json: AsJson = False) -> None:
    """Say what is wrong on this machine and how to mend it; exit code 1 if something is."""
    findings = doctoring.examine(Settings.load())
    if as_json:
        typer.echo(json.dumps([finding.as_json() for finding in findings]))
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.fine else 'FAIL'} {finding.what}: {finding.found}")
            if not finding.fine:
                typer.echo(f"     {finding.mend}")
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)
