"""The broker's jars: from Maven Central by jgo, accepted only as the committed list knows them.

`jars.sha256` is the truth: one line per jar, SHA-256 of its bytes and its path in a Maven
repository. jgo resolves the coordinates when the list is made anew (`python -m shared.stack.jars`)
and downloads; it does not enforce checksums and does not write atomically, so we do.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from shared.stack.disk import SETUP_MIB, require_space
from shared.stack.errors import JarsDiffer, StackError

# The "!" is essential: without it the second coordinate counts as a BOM and downgrades the client.
ENDPOINT = "org.apache.kafka:kafka_2.13:4.4.0+org.apache.logging.log4j:log4j-slf4j-impl:2.25.5!"
MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
LIST = Path(__file__).with_name("jars.sha256")
AT_ONCE = 6  # downloads in parallel: polite to the repository, and most of the wait is latency
TIMEOUT_S = 60
Said = Callable[[str, int, int], None]  # what, done, of


@dataclass(frozen=True)
class Jar:
    """One jar as the list names it; `path` is relative to a Maven repository."""

    path: str
    sha256: str

    @property
    def coordinate(self) -> tuple[str, str, str]:
        """Group, artifact and version."""
        *group, artifact, version, _ = self.path.split("/")
        return ".".join(group), artifact, version


def listed(file: Path = LIST) -> list[Jar]:
    """Read the committed list."""
    rows = (line.split() for line in file.read_text().splitlines() if line)
    return [Jar(path=path, sha256=digest) for digest, path in rows]


def fetch_jars(cache: Path, say: Said | None = None, file: Path = LIST) -> list[Path]:
    """Return the paths of all jars under `cache`, each with the bytes of the list.

    Downloads what is missing; needs no network when nothing is. A file that differs is deleted
    and fetched once more. Raises JarsDiffer, NoSpace, or StackError if the download fails.
    """
    repository = cache / "maven"
    wanted = listed(file)
    with _locked(cache):
        missing = [jar for jar in wanted if not _holds(repository, jar)]
        if missing:
            require_space(repository, SETUP_MIB, "Apache Kafka")
            _fetch(repository, missing, say)
    return [repository / jar.path for jar in wanted]


def damaged(cache: Path, file: Path = LIST) -> list[Jar]:
    """Return what is missing under `cache` or has other bytes; changes nothing."""
    return [jar for jar in listed(file) if not _holds(cache / "maven", jar)]


def _fetch(repository: Path, missing: list[Jar], say: Said | None) -> None:
    """Download in parallel; the first failure wins."""
    with _certificates(), ThreadPoolExecutor(AT_ONCE) as pool:
        for done, _ in enumerate(pool.map(lambda jar: _fetch_one(repository, jar), missing), 1):
            if say is not None:
                say("Apache Kafka from Maven", done, len(missing))


def _fetch_one(repository: Path, jar: Jar) -> None:
    """Download one jar, at most twice."""
    for _ in range(2):
        (repository / jar.path).unlink(missing_ok=True)
        _download(repository, jar)
        if _holds(repository, jar):
            return
    (repository / jar.path).unlink(missing_ok=True)
    msg = (
        f"{jar.path} from {_remote()} has other bytes than the committed list says, twice. "
        "Nothing of it was kept. Ask who runs that repository, or set MAVEN_REPO_URL to another."
    )
    raise JarsDiffer(msg)


def _download(repository: Path, jar: Jar) -> None:
    """Let jgo bring one file; its own words for failures are long, ours say what to do."""
    from jgo.maven import MavenContext  # noqa: PLC0415 (slow to import, needed once per machine)

    group, artifact, version = jar.coordinate
    context = MavenContext(
        repo_cache=repository,
        local_repos=[],
        remote_repos={"central": _remote()},
        timeout=TIMEOUT_S,
    )
    try:
        context.project(group, artifact).at_version(version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        (repository / jar.path).unlink(missing_ok=True)
        msg = (
            f"{jar.path} could not be downloaded from {_remote()} ({type(error).__name__}). "
            "Check the network, HTTPS_PROXY and the certificates (SSL_CERT_FILE), or set "
            "MAVEN_REPO_URL to a mirror; then try again."
        )
        raise StackError(msg) from None


def _remote() -> str:
    return os.environ.get("MAVEN_REPO_URL", MAVEN_CENTRAL).rstrip("/")


def _holds(repository: Path, jar: Jar) -> bool:
    """Tell whether the file is there with exactly the listed bytes."""
    try:
        with (repository / jar.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """One process fills the cache at a time; the others wait and then find it full."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _certificates() -> Iterator[None]:
    """Pass the machine's certificates on: the HTTP client of jgo knows only two variables."""
    logging.getLogger("jgo").setLevel(logging.ERROR)
    paths = ssl.get_default_verify_paths()  # SSL_CERT_FILE and SSL_CERT_DIR count in it
    bundle = paths.cafile or paths.capath
    if bundle and not {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"} & os.environ.keys():
        os.environ["REQUESTS_CA_BUNDLE"] = bundle
        try:
            yield
        finally:
            del os.environ["REQUESTS_CA_BUNDLE"]
    else:
        yield


def _resolve_anew(repository: Path) -> str:
    """Resolve the endpoint with jgo and return the lines of a new list."""
    import jgo  # noqa: PLC0415

    os.environ |= {"M2_REPO": str(repository), "JGO_CACHE_DIR": str(repository.parent / "jgo")}
    jgo.build(ENDPOINT, repositories={"central": _remote()})
    jars = sorted(repository.rglob("*.jar"))
    return "".join(
        f"{hashlib.sha256(jar.read_bytes()).hexdigest()}  {jar.relative_to(repository)}\n"
        for jar in jars
    )


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(_resolve_anew(Path(folder) / "maven"))
