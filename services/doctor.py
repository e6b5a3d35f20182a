"""What may be wrong on this machine, each with how to mend it."""

import asyncio
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from services.up import answers_ok, port_of
from shared.settings import Settings, SettingsError
from shared.stack import kafka, postgres
from shared.stack.disk import STATE_MIB, free_mib
from shared.stack.embedded import cache_folder
from shared.stack.errors import StackError
from shared.stack.identity import find_wheel
from shared.stack.instance import held, running
from shared.stack.jars import damaged
from shared.stack.java import find_java
from shared.stack.ports import accepts, is_free


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    fine: bool
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it for `--json`."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; never raises for what it finds."""
    looks: list[Callable[[Settings], Finding]] = [
        _python,
        _java,
        _jars,
        _postgres_wheel,
        _disk,
        _secrets,
    ]
    findings = [look(settings) for look in looks] + _canarys_mailbox(settings)
    if held(settings.state):
        servers = [_instance(settings), *_servers(settings), _ready(settings)]
        return [*findings, *servers, *_checks()]
    return [*findings, *_free_ports(settings)]


def _python(_settings: Settings) -> Finding:
    return Finding("Python", fine=True, found=f"{sys.version.split()[0]} at {sys.executable}")


def _java(_settings: Settings) -> Finding:
    try:
        java = find_java()
    except StackError as error:
        return Finding("Java", fine=False, found="none that fits", mend=str(error))
    return Finding("Java", fine=True, found=f"{java.version} at {java.path}")


def _jars(_settings: Settings) -> Finding:
    wrong = damaged(cache_folder())
    if not wrong:
        return Finding("Kafka's jars", fine=True, found=f"all as listed in {cache_folder()}")
    mend = "`expunge up` fetches them again; it needs the network for that."
    return Finding("Kafka's jars", fine=False, found=f"{len(wrong)} missing or changed", mend=mend)


def _postgres_wheel(_settings: Settings) -> Finding:
    try:
        return Finding("PostgreSQL", fine=True, found=str(find_wheel()))
    except StackError as error:
        return Finding("PostgreSQL", fine=False, found="not installed", mend=str(error))


def _disk(settings: Settings) -> Finding:
    free = free_mib(settings.state)
    mend = f"Make room: {STATE_MIB} MiB are needed, or set EXPUNGE_STATE to another disk."
    return Finding("Disk", fine=free >= STATE_MIB, found=f"{free} MiB free", mend=mend)


def _secrets(settings: Settings) -> Finding:
    """Nobody else may read a secret."""
    files = [path for path in settings.secrets.rglob("*") if path.is_file()]
    readable = [path for path in files if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    mend = f"Run: chmod -R go= {settings.secrets}"
    found = f"{len(readable)} of {len(files)} readable by others"
    return Finding("Secrets", fine=not readable, found=found, mend=mend)


def _canarys_mailbox(settings: Settings) -> list[Finding]:
    """Open the mailbox that the canary reads, where there is one."""
    from services.canary.mailbox import NoMailbox, opens  # noqa: PLC0415 (loads a browser)
    from services.canary.settings import Place  # noqa: PLC0415

    what = "Canary's mailbox"
    try:
        place = Place.configured(settings)
        if place is None:
            return []
        asyncio.run(opens(place))
    except (SettingsError, NoMailbox) as error:
        return [Finding(what, fine=False, found="cannot be opened", mend=str(error))]
    return [Finding(what, fine=True, found="opens")]


def _instance(settings: Settings) -> Finding:
    facts = running(settings.state)
    restarts = {name: child["restarts"] for name, child in facts.get("children", {}).items()}
    crashed = {name: count for name, count in restarts.items() if count}
    mend = f"Read the logs of {', '.join(crashed)} with `expunge logs NAME`."
    found = f"process {facts.get('pid')}, restarts: {crashed or 'none'}"
    return Finding("Supervisor", fine=not crashed, found=found, mend=mend)


def _servers(settings: Settings) -> list[Finding]:
    """Ask each server, embedded or not, whether it answers."""
    broker, database, mail = settings.kafka, settings.postgres, settings.smtp
    asked = {
        ("Kafka", broker): kafka.answers,
        ("PostgreSQL", database): postgres.answers,
        ("Mail server", mail): accepts,
    }
    return [
        Finding(
            f"{name} at {endpoint}",
            fine=(answered := ask(port_of(endpoint))),
            found="answers" if answered else "does not answer",
            mend=f"Look at `expunge logs` in {settings.state}, or at that server.",
        )
        for (name, endpoint), ask in asked.items()
    ]


def _ready(settings: Settings) -> Finding:
    url = f"{running(settings.state).get('url', settings.public_url)}/readyz"
    fine = answers_ok(url)
    mend = "`expunge logs web` says why; the internal /readyz names what it waits for."
    return Finding("Web", fine=fine, found=f"{url} {'is ready' if fine else 'is not'}", mend=mend)


def _checks() -> list[Finding]:
    """Look at the evidence of the checks that the installation makes of itself (R-SEC-01)."""
    from services.evidence import known  # noqa: PLC0415 (loads the database's driver)
    from services.selfcheck import is_late  # noqa: PLC0415

    findings = []
    for one in known().values():
        passed = f"{one.passed_at:%Y-%m-%d %H:%M} UTC" if one.passed_at else "never"
        findings.append(
            Finding(
                f"Check {one.name}",
                fine=one.passed and not is_late(one, datetime.now(UTC)),
                found=f"last passed: {passed}",
                mend=f"Run `expunge selfcheck --only {one.name}`; it says what does not hold.",
            )
        )
    return findings


def _free_ports(settings: Settings) -> list[Finding]:
    """Say now which port `up` would stumble over."""
    endpoints = {
        "EXPUNGE_BIND": settings.bind,
        "EXPUNGE_INTERNAL_BIND": settings.internal_bind,
        "EXPUNGE_POSTGRES": settings.postgres,
        "EXPUNGE_KAFKA": settings.kafka,
        "EXPUNGE_SMTP": settings.smtp,
    }
    return [
        Finding(
            f"Port {port_of(endpoint)}",
            fine=(free := is_free(port_of(endpoint))),
            found="free" if free else "taken by another program",
            mend=f"Stop that program or set {name} to another port.",
        )
        for name, endpoint in endpoints.items()
    ]
