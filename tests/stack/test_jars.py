"""The broker's jars: only the bytes of the committed list are used, from wherever they come."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from shared.stack.errors import JarsDiffer, NoSpace, StackError
from shared.stack.jars import damaged, fetch_jars, listed

GOOD = b"the bytes of the list"
PATH = "org/example/thing/1.0/thing-1.0.jar"


class Maven(ThreadingHTTPServer):
    """A repository on loopback that counts what it is asked for."""

    asked: list[str]
    folder: Path


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the parent's name)
        del format, args

    def do_GET(self) -> None:
        if self.path.endswith(".jar"):
            assert isinstance(self.server, Maven)
            self.server.asked.append(self.path)
        super().do_GET()


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maven]:
    folder = tmp_path / "remote"
    (folder / PATH).parent.mkdir(parents=True)
    (folder / PATH).write_bytes(GOOD)
    server = Maven(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.asked, server.folder = [], folder
    monkeypatch.setenv("MAVEN_REPO_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    file = tmp_path / "jars.sha256"
    file.write_text(f"{hashlib.sha256(GOOD).hexdigest()}  {PATH}\n")
    return file


def test_what_is_there_is_not_asked_for_again(tmp_path: Path, listing: Path, maven: Maven) -> None:
    paths = [fetch_jars(tmp_path / "cache", file=listing) for _ in range(2)]

    assert paths[0] == paths[1] == [tmp_path / "cache" / "maven" / PATH]
    assert paths[0][0].read_bytes() == GOOD
    assert maven.asked == [f"/{PATH}"]


def test_a_changed_file_is_fetched_again(tmp_path: Path, listing: Path, maven: Maven) -> None:
    (jar,) = fetch_jars(tmp_path / "cache", file=listing)
    jar.write_bytes(b"changed")
    assert [one.path for one in damaged(tmp_path / "cache", listing)] == [PATH]

    fetch_jars(tmp_path / "cache", file=listing)

    assert jar.read_bytes() == GOOD
    assert len(maven.asked) == 2


def test_other_bytes_are_refused_after_a_second_try_and_not_kept(
    tmp_path: Path, listing: Path, maven: Maven
) -> None:
    (maven.folder / PATH).write_bytes(b"tampered")

    with pytest.raises(JarsDiffer, match="MAVEN_REPO_URL"):
        fetch_jars(tmp_path / "cache", file=listing)

    assert len(maven.asked) == 2
    assert not (tmp_path / "cache" / "maven" / PATH).exists()


def test_a_missing_file_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, listing: Path, maven: Maven
) -> None:
    (maven.folder / PATH).unlink()

    with pytest.raises(StackError, match="could not be downloaded"):
        fetch_jars(tmp_path / "cache", file=listing)

    assert not (tmp_path / "cache" / "maven" / PATH).exists()


def test_no_download_begins_on_a_full_disk(
    tmp_path: Path, listing: Path, maven: Maven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.stack.disk.free_mib", lambda _folder: 1)

    with pytest.raises(NoSpace, match="only 1 MiB are free"):
        fetch_jars(tmp_path / "cache", file=listing)

    assert maven.asked == []


def test_the_committed_list_names_each_jar_once() -> None:
    names = [jar.path for jar in listed()]

    assert len(names) == len(set(names)) == 45
    assert "org/apache/kafka/kafka_2.13/4.4.0/kafka_2.13-4.4.0.jar" in names
    assert all(len(jar.sha256) == 64 for jar in listed())
