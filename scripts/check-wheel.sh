#!/bin/sh
# Installs dist/*.whl into a clean venv and uses it from another folder: what a user gets is the wheel, not the tree.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "touchline: $1" >&2
  exit 1
}

"$root/.venv/bin/python" -m venv "$work/venv"
install() {
  "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
install --require-hashes -r "$root/requirements.lock"
install --no-deps "$root"/dist/touchline-*.whl

cd "$work"
venv/bin/touchline --help >/dev/null || fail "the installed command does not start"

packs=$(venv/bin/python -P -c 'import pathlib, rules; print(pathlib.Path(rules.__file__).parent / "packs")')
case $packs in "$work"/*) ;; *) fail "the rules were imported from $packs, not from the wheel" ;; esac
playbook=$packs/online_retail/playbook
[ -d "$playbook" ] || fail "the wheel has no sample playbook in rules/packs"
venv/bin/touchline check "$playbook" || fail "the packaged sample $playbook has faults"

venv/bin/touchline init shop --pack welcome --lang en >/dev/null || fail "the wheel has no packs"
venv/bin/touchline test shop || fail "the tests of a packaged pack do not pass"

venv/bin/touchline demo --json --out demo >demo.json || fail "the demo does not run from the wheel"
venv/bin/python -P -c 'import json; assert json.load(open("demo.json"))["events"] > 20_000' \
  || fail "the demo's summary is not what it prints from the tree"
[ -s demo/messages/email.jsonl ] || fail "the demo wrote no messages"
echo "the wheel works: touchline --help, touchline check on the packaged sample, touchline init, touchline demo"
