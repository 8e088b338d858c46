#!/bin/sh
# Makes .venv from a lock file: sh scripts/setup.sh requirements.lock | requirements-dev.lock
# Does nothing when .venv already holds exactly that lock. PYTHON names the interpreter to use.
set -eu
cd "$(dirname "$0")/.."
lock=$1
venv=.venv

fail() {
  echo "touchline: $1" >&2
  exit 2
}

stamp_of() {
  cat "$1" pyproject.toml | cksum
}

is_chosen() {
  [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -V 2>&1)" = "$("$venv/bin/python" -V 2>&1)" ]
}

is_ready() {
  [ -x "$venv/bin/touchline" ] && [ "$(cat "$venv/.stamp-$1" 2>/dev/null)" = "$(stamp_of "$1")" ] && is_chosen
}

is_supported() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    command -v "$PYTHON" >/dev/null || fail "there is no '$PYTHON' on this machine; name a Python 3.11, 3.12 or 3.13 with PYTHON=…"
    is_supported "$PYTHON" || fail "Python 3.11, 3.12 or 3.13 is needed, and $PYTHON is $("$PYTHON" -V 2>&1); name another with PYTHON=…"
    return
  fi
  for PYTHON in python3 python3.13 python3.12 python3.11; do
    if command -v "$PYTHON" >/dev/null && is_supported "$PYTHON"; then return; fi
  done
  fail "Python 3.11, 3.12 or 3.13 is needed and none was found; install one, or name it with PYTHON=/path/to/python3.12"
}

make_venv() {
  if [ -x "$venv/bin/python" ] && is_supported "$venv/bin/python" && is_chosen; then return; fi
  find_python
  "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null \
    || fail "$PYTHON has no venv module; install it (Debian and Ubuntu: apt install python3-venv)"
  rm -rf "$venv"
  "$PYTHON" -m venv "$venv" || fail "$PYTHON could not make $venv; the lines above say why"
}

install_with() {
  "$@" --quiet --require-hashes -r "$lock" && "$@" --quiet --no-deps --no-build-isolation -e .
}

install_packages() {
  if command -v uv >/dev/null && install_with uv pip install --compile-bytecode --python "$venv/bin/python"; then return; fi
  install_with "$venv/bin/python" -m pip install --disable-pip-version-check
}

is_ready "$lock" && exit 0
# The development lock holds everything of the other one.
[ "$lock" = requirements.lock ] && is_ready requirements-dev.lock && exit 0

echo "touchline: setting up $venv from $lock (once; a minute or so)" >&2
make_venv
install_packages || fail "the packages of $lock could not be installed; the lines above say why (a network is needed the first time)"
stamp_of "$lock" >"$venv/.stamp-$lock"
