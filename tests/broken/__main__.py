"""Break each rule of the policy once, and demand that its tests see it: `make test-broken`.

The tree is copied to a temporary folder; there one change at a time is made, its tests are run,
and the change is taken back. Nothing in the checkout changes.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".expunge", ".*_cache", ".hypothesis")


def main() -> int:
    """Copy the tree and run there; return the exit code: 1 if a broken rule was not seen."""
    parser = argparse.ArgumentParser(prog="python -m tests.broken", description=__doc__)
    parser.add_argument("rules", nargs="*", help="ids, or how they begin; without any: all")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="expunge-broken-", ignore_cleanup_errors=True) as made:
        tree = Path(made) / "tree"
        shutil.copytree(ROOT, tree, ignore=NOT_COPIED, symlinks=True)
        environment = {
            **os.environ,
            "PYTHONPATH": str(tree),
            "EXPUNGE_CACHE": os.environ.get("EXPUNGE_CACHE", str(ROOT / ".expunge" / "cache")),
        }
        command = [sys.executable, "-m", "tests.broken.trying", *sys.argv[1:]]
        try:
            return subprocess.run(command, cwd=tree, env=environment, check=False).returncode  # noqa: S603
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
