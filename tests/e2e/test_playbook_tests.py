"""`touchline test` as operators and build servers meet it: exit codes, findings, stories, JUnit, and no way out."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from rules.read import playbook_hash
from tests.helpers.cases import SHOP
from tests.helpers.documents import blocks
from tests.helpers.documents import read as document
from tests.helpers.installation import Installation
from tests.helpers.source import ROOT
from tests.helpers.typed import Typed, typing_in
from tests.helpers.waiting import wait_until
from workers.playbooks import read_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = ROOT / "examples/online_retail/playbook"
GOOD = """\
tests:
  - name: a large cart is reminded of
    given: {traits: {level: 3}, consent: marketing, contacts: email}
    when: [{event: cart.added, cart_id: A, cart_total: 320}, {at: 2h}]
    expect: [{send: cart, at: 1h, delivery: sent, message: {contains: CART-}}]
  - name: a small one is not
    given: {traits: {level: 3}}
    when: [{event: cart.added, cart_total: 98.99}, {at: 2h}]
    expect: []
"""
BAD = """\
tests:
  - name: "paid in time: & <b> \\U0001F600"
    given: {traits: {level: 3}}
    when:
      - {event: cart.added, cart_id: A, cart_total: 320}
      - {at: 30m, event: order.paid, cart_id: B, amount: 20}
      - {at: 3h}
    expect: []
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    here = Installation(tmp_path, {"shop.yaml": SHOP, "tests/cart.yaml": GOOD, "tests/more/paid.yaml": BAD})
    here.write_playbook()
    yield here
    here.close()


@pytest.fixture
def typed(here: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command within this process."""
    return typing_in(here, monkeypatch, capfd)


def write(here: Installation, name: str, text: str) -> None:
    (here.folder / "playbook" / name).write_text(text, "utf-8")


def test_tests_that_pass_are_counted_and_the_exit_code_is_0(typed: Typed) -> None:
    done = typed("test", "playbook", "cart.yaml")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("2 passed, 0 failed in ")


def test_a_test_that_fails_shows_what_happened_and_why_and_the_exit_code_is_1(typed: Typed) -> None:
    done = typed("test", "playbook")

    assert (done.code, done.err) == (1, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0].startswith("FAIL tests/more/paid.yaml:2:5: paid in time: & <")
    assert (
        "  tests/more/paid.yaml:8:13: nothing more may be decided, and this was: send: cart by the rule cart at 2026-01-05 11:00 (1h) for p"
        in lines
    )
    assert "        true    event.cart_total >= 99   (event.cart_total is 320.00 GBP)" in lines
    assert "    2026-01-05 10:30     30m  p  event order.paid {cart_id: B, amount: 20}" in lines
    assert lines[-1].startswith("2 passed, 1 failed in ")


def test_json_is_one_document_with_the_same_story(typed: Typed) -> None:
    done = typed("test", "playbook", "--json", "--coverage")

    found = json.loads(done.out)
    assert (done.code, done.err) == (1, "")
    assert (found["passed"], found["failed"], found["findings"], found["sentence"]) == (2, 1, [], None)
    failed = found["cases"][-1]
    assert (failed["file"], failed["line"], failed["passed"]) == ("tests/more/paid.yaml", 2, False)
    assert failed["misses"][0]["line"] == 8
    assert failed["misses"][0]["why"]
    assert failed["story"][-1] == {"time": "2026-01-05T13:00:00.000Z", "person": None, "text": "the test ends"}
    assert found["coverage"]["rules"]["cart"]["decided"] == 4
    assert done.out == typed("test", "playbook", "--json", "--coverage").out


def test_junit_is_well_formed_whatever_a_test_is_called(here: Installation, typed: Typed) -> None:
    done = typed("test", "playbook", "--junit", "results.xml")

    root = ET.parse(here.folder / "results.xml").getroot()
    assert done.code == 1
    assert {name: root.attrib[name] for name in ("tests", "failures")} == {"tests": "3", "failures": "1"}
    assert [suite.attrib["name"] for suite in root] == ["tests/cart.yaml", "tests/more/paid.yaml"]
    (case,) = root[1]
    assert case.attrib["name"] == "paid in time: & <b> \U0001f600"
    assert "nothing more may be decided" in case[0].attrib["message"]
    assert "event order.paid" in (case[0].text or "")


@pytest.mark.parametrize(
    ("words", "passed", "failed"),
    [
        (("-k", "SMALL"), 1, 0),
        (("-k", "a"), 2, 1),
        (("playbook/tests/more/paid.yaml",), 0, 1),
        (("tests/cart.yaml", "more/paid.yaml"), 2, 1),
        (("--rule", "cart"), 2, 1),
        (("--rule", "trial"), 0, 1),
    ],
)
def test_only_what_is_asked_for_is_run(typed: Typed, words: tuple[str, ...], passed: int, failed: int) -> None:
    found = json.loads(typed("test", "playbook", *words, "--json").out)

    assert (found["passed"], found["failed"]) == (passed, failed)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("-k", "nowhere"), 1, "none of the 3 tests is what was asked for"),
        (("--rule", "crt"), 2, "no rule 'crt' decides in playbook"),
        (("nowhere.yaml",), 2, "nowhere.yaml is no file of tests below playbook/tests"),
        (("--watch", "--json"), 2, "--watch prints for people"),
        (("--junit", "no/where.xml"), 2, "where.xml cannot be written"),
        (("--fail-under", "101"), 2, "--fail-under"),
    ],
)
def test_what_cannot_be_run_is_said_in_a_sentence(
    typed: Typed, words: tuple[str, ...], code: int, sentence: str
) -> None:
    done = typed("test", "playbook", *words)

    assert (done.code, "Traceback" in done.err) == (code, False)
    assert sentence in done.err


def test_no_tests_at_all_is_a_failure(here: Installation, typed: Typed) -> None:
    for name in ("cart.yaml", "more/paid.yaml"):
        (here.folder / "playbook/tests" / name).unlink()

    done = typed("test", "playbook")

    assert (done.code, done.out) == (1, "")
    assert done.err == "touchline: there are no tests: write some in playbook/tests/*.yaml\n"
    assert json.loads(typed("test", "playbook", "--json").out)["cases"] == []


def test_faults_of_tests_are_findings_and_nothing_is_run(here: Installation, typed: Typed) -> None:
    write(here, "tests/cart.yaml", GOOD.replace("send: cart", "send: crat"))

    done = typed("test", "playbook")

    assert done.code == 1
    assert "tests/cart.yaml:5:21: error[unknown_template]: unknown template 'crat'" in done.out
    assert "did you mean 'cart'?" in done.out
    assert "passed" not in done.out
    found = json.loads(typed("test", "playbook", "--json").out)
    assert [(f["file"], f["line"], f["code"]) for f in found["findings"]] == [
        ("tests/cart.yaml", 5, "unknown_template")
    ]


def test_faults_of_the_playbook_are_findings_and_nothing_is_run(here: Installation, typed: Typed) -> None:
    write(here, "shop.yaml", SHOP.replace("event.cart_total", "event.cart_totl"))

    done = typed("test", "playbook")

    assert (done.code, "shop.yaml:20:18: error[unknown_property]" in done.out) == (1, True)
    assert "the playbook has faults, so its tests were not run" in done.err


def test_editing_a_test_does_not_change_the_program(here: Installation) -> None:
    before = playbook_hash(read_folder(here.folder / "playbook"))
    write(here, "tests/cart.yaml", GOOD.replace("320", "99"))

    assert playbook_hash(read_folder(here.folder / "playbook")) == before


def test_coverage_names_what_was_not_tried_and_may_be_asked_for(typed: Typed) -> None:
    done = typed("test", "playbook", "cart.yaml", "--coverage", "--fail-under", "90")

    assert done.code == 1
    assert "rule vips: never started" in done.out
    assert "rule cart: never false or unknown: profile.level >= 3 (shop.yaml:20:" in done.out
    assert "and --fail-under asks for 90%" in done.err
    assert typed("test", "playbook", "cart.yaml", "--fail-under", "5").code == 0


def test_the_sample_playbook_passes_and_all_that_can_be_tried_was(typed: Typed) -> None:
    done = typed("test", str(SAMPLE), "--coverage", "--fail-under", "95")

    first, *_, coverage, total = done.out.splitlines()
    assert done.code == 0
    # Who cancels so often is active, and nobody is both active and dormant.
    assert first == 'rule winback: never true: in_segment("serial_cancellers") (rules/winback.yaml:6:13)'
    assert len(done.out.splitlines()) == 3
    assert coverage.startswith("coverage 98.1%")
    assert re.match(r"20 passed, 0 failed in ", total)


def test_the_tests_of_the_documents_pass_and_the_failure_is_the_one_that_is_shown(
    here: Installation, typed: Typed
) -> None:
    text = document("docs/testing-playbooks.md")
    example = next(block.text for block in blocks(text) if block.language == "yaml")
    shown = next(block.text for block in blocks(text) if block.language == "text")
    failing = (
        "tests:\n  - name: a large cart is reminded of\n    given: {}\n"
        "    when: [{event: cart.added, cart_id: A, cart_total: 320}, {at: 2h}]\n    expect: [{send: cart, at: 1h}]\n"
    )
    write(here, "tests/cart.yaml", example)
    passed = typed("test", "playbook", "cart.yaml")
    write(here, "tests/cart.yaml", failing)
    failed = typed("test", "playbook", "cart.yaml")

    assert (passed.code, passed.out.split(" in ")[0]) == (0, "3 passed, 0 failed")
    assert (failed.code, failed.out.split("\n\n")[0].strip()) == (1, shown.strip())


# ---------------------------------------------------------------- nothing reaches out


def test_no_adapter_is_loaded_and_no_entry_point_looked_at(here: Installation) -> None:
    """A distribution beside the playbook offers an adapter that would leave a mark as soon as it is imported."""
    mark = here.folder / "adapter-was-imported"
    extra = here.folder / "extra"
    (extra / "pigeon-1.0.dist-info").mkdir(parents=True)
    (extra / "pigeon-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: pigeon\nVersion: 1.0\n", "utf-8")
    (extra / "pigeon-1.0.dist-info/entry_points.txt").write_text(
        "[touchline.adapters]\npigeon = pigeon:adapter\n", "utf-8"
    )
    (extra / "pigeon.py").write_text(f"open({str(mark)!r}, 'w').close()\n", "utf-8")
    (extra / "sitecustomize.py").write_text(
        "import atexit, sys\n"
        "names = ('messaging.registry', 'messaging.transport', 'httpx', 'messaging.adapters.email')\n"
        "atexit.register(lambda: print([name for name in names if name in sys.modules], file=sys.stderr))\n",
        "utf-8",
    )
    here.serve_channel("email", adapter="pigeon")
    environment = here.environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(extra), environment["PYTHONPATH"]])

    done = run_with(here, environment, "test", "playbook", "cart.yaml")

    assert (done[0], done[1].startswith("2 passed, 0 failed"), done[2]) == (0, True, "[]\n")
    assert not mark.exists()


def run_with(here: Installation, environment: dict[str, str], *words: str) -> tuple[int, str, str]:
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "workers", *words],
        env=environment, cwd=here.folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


# ---------------------------------------------------------------- watching


def test_watching_runs_again_when_a_file_changes_until_it_is_stopped(here: Installation) -> None:
    log = here.folder / "test.log"
    here.start("test", "test", "playbook", "cart.yaml", "--watch")
    wait_until(lambda: "watching playbook" in log.read_text("utf-8"), 40, "the first run")
    process = here.running.pop("test")
    try:
        write(here, "tests/cart.yaml", GOOD.replace("CART-", "PIGEON-"))
        wait_until(lambda: "1 passed, 1 failed" in log.read_text("utf-8"), 40, "the run after the change")
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 130
    finally:
        process.kill()
        process.wait()
    assert "2 passed, 0 failed" in log.read_text("utf-8")


WITH_INPUTS = """
inputs: {least: {type: money, default: 10 GBP}}
rules: {big: {event: order.paid, when: event.amount >= inputs.least, then: [{assign: {to: team}}]}}
"""
ON_DEFAULTS = """\
inputs: defaults
tests:
  - name: ten is enough
    when: [{event: order.paid, amount: 10}]
    expect: [{assign: team}]
"""
ON_VALUES = """\
tests:
  - name: ten is not enough here
    when: [{event: order.paid, amount: 10}]
    expect: {decisions: [not: {assign: team}]}
"""


def test_tests_play_on_the_defaults_of_inputs_where_their_file_says_so(here: Installation, typed: Typed) -> None:
    write(here, "inputs.yaml", f"{WITH_INPUTS}values: {{least: 20 GBP}}\n")
    write(here, "tests/defaults.yaml", ON_DEFAULTS)
    write(here, "tests/values.yaml", ON_VALUES)

    done = typed("test", "playbook", "defaults.yaml", "values.yaml", "--coverage")

    assert (done.code, done.err) == (0, "")
    assert "rule big: never unknown: event.amount" in done.out
    assert "2 passed, 0 failed" in done.out


def test_tests_that_play_on_defaults_want_one_of_every_input(here: Installation, typed: Typed) -> None:
    write(here, "inputs.yaml", f"{WITH_INPUTS}values: {{least: 20 GBP}}\n".replace(", default: 10 GBP", ""))
    write(here, "tests/defaults.yaml", ON_DEFAULTS)

    done = typed("test", "playbook", "defaults.yaml")

    assert done.code == 1
    assert "error[missing_input]: the input 'least' has no value" in done.out
    assert "these faults come of the defaults of inputs" in done.err


def test_no_other_word_stands_beside_inputs(here: Installation, typed: Typed) -> None:
    write(here, "tests/defaults.yaml", ON_DEFAULTS.replace("defaults", "default"))

    done = typed("test", "playbook", "defaults.yaml")

    assert (done.code, "tests/defaults.yaml:1:9: error[not_allowed]" in done.out) == (1, True)
