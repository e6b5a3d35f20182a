#!/bin/sh
# Resolve pyproject.toml for every Python and platform we support, with the hash of every file.
set -eu
cd "$(dirname "$0")/.."
PATH="$PATH:.expunge/tools/venv/bin:.expunge/tools/target/bin"
exec uv pip compile -q pyproject.toml --extra embedded --group dev --universal --generate-hashes \
    --python-version 3.11 --no-header -o requirements.lock "$@"
