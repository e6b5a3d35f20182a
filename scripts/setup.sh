#!/bin/sh
# Make .venv from the committed lock file. Needs Python 3.11 to 3.14 with venv or pip, nothing else.
#
#   scripts/setup.sh            use the first fitting Python
#   PYTHON=python3.13 scripts/setup.sh
#
# Index, proxy and certificate settings of pip and uv in the environment are honoured.
set -eu
cd "$(dirname "$0")/.."

NEEDED_MIB=900 # .venv with Java and PostgreSQL 550, downloads and the broker's jars the rest
TOOLS=.expunge/tools
UV_VERSION='uv>=0.13,<1'

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if fits "$candidate"; then command -v "$candidate"; return; fi
    done
    [ -z "${PYTHON:-}" ] || stop "PYTHON=$PYTHON is not a Python 3.11 to 3.14 that runs here."
    stop "Expunge needs Python 3.11 to 3.14: install python3 from your system's packages, or name one with PYTHON=/path/to/python3."
}

# Tell uv what pip was told: many machines configure only pip.
pip_setting() {
    variable=$(printf 'PIP_%s' "$1" | tr 'a-z-' 'A-Z_')
    eval "value=\${$variable:-}"
    [ -n "$value" ] || value=$("$python" -m pip config get "global.$1" 2>/dev/null || true)
    printf '%s' "$value"
}

pass_on() {
    value=$(pip_setting index-url)
    [ -z "$value" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-$value}}"
    value=$(pip_setting extra-index-url)
    [ -z "$value" ] || export UV_INDEX="${UV_INDEX:-$(echo $value)}"
    # Every file is checked against the lock's hashes, so it does not matter which index has it.
    export UV_INDEX_STRATEGY="${UV_INDEX_STRATEGY:-unsafe-best-match}"
    value=$(pip_setting find-links)
    case "$value" in
    *://*) export UV_FIND_LINKS="${UV_FIND_LINKS:-$value}" ;;
    ?*) [ ! -d "$value" ] || export UV_FIND_LINKS="${UV_FIND_LINKS:-$value}" ;;
    esac
    value=$(pip_setting no-index)
    case "$value" in 1 | true | yes | on) export UV_NO_INDEX="${UV_NO_INDEX:-1}" ;; esac
    value=$(pip_setting cert)
    [ -z "$value" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$value}"
    # As pip does: the machine's own certificates count, where nothing else was said.
    [ -n "${SSL_CERT_FILE:-}" ] || export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
    value=$(pip_setting trusted-host)
    [ -z "$value" ] || export UV_INSECURE_HOST="${UV_INSECURE_HOST:-$(echo $value)}"
    export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}"
    export UV_NO_PROGRESS="${UV_NO_PROGRESS:-$([ -t 2 ] && echo 0 || echo 1)}"
}

find_uv() {
    if uv pip sync --help >/dev/null 2>&1; then echo uv; return; fi
    for candidate in "$TOOLS/venv/bin/uv" "$TOOLS/target/bin/uv"; do
        if "$candidate" --version >/dev/null 2>&1; then echo "$candidate"; return; fi
    done
    mkdir -p "$TOOLS"
    if "$python" -m venv --clear "$TOOLS/venv" >"$TOOLS/log" 2>&1; then
        "$TOOLS/venv/bin/python" -m pip install -q "$UV_VERSION" >&2 ||
            stop "pip could not install uv: check the network, PIP_INDEX_URL, HTTPS_PROXY and PIP_CERT."
        echo "$TOOLS/venv/bin/uv"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$TOOLS/venv"
        "$python" -m pip install -q --target "$TOOLS/target" --upgrade "$UV_VERSION" >&2 ||
            stop "pip could not install uv: check the network, PIP_INDEX_URL, HTTPS_PROXY and PIP_CERT."
        echo "$TOOLS/target/bin/uv"
    else
        rm -rf "$TOOLS/venv"
        stop "$python has neither venv nor pip: install one of them, on Debian and Ubuntu with: apt-get install python3-venv"
    fi
}

python=$(find_python)
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
say "Setting up with $python: about $NEEDED_MIB MiB, $free MiB are free here."
[ "$free" -ge "$NEEDED_MIB" ] || stop "That is too little: make room on the disk of $(pwd)."
export PIP_ROOT_USER_ACTION=ignore
pass_on
uv=$(find_uv)

if [ ! -x .venv/bin/python ] || ! fits .venv/bin/python; then
    "$uv" venv -q --clear --python "$python" .venv
fi
lock() { "$uv" pip sync -q --python .venv/bin/python --require-hashes requirements.lock; }
lock || stop "The packages could not be installed: check the network, PIP_INDEX_URL or UV_DEFAULT_INDEX, HTTPS_PROXY and SSL_CERT_FILE, then try again."
"$uv" pip install -q --python .venv/bin/python --no-deps --no-build-isolation --editable .
say "Done. \`make\` lists the commands."
