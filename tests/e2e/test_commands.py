"""The commands as people and scripts meet them: exit codes, sentences, one JSON document, never a traceback."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.main import get_command

from stores.open import open_log, open_state
from stores.ports import Position
from tests.helpers.installation import Installation
from tests.helpers.typed import Said, Typed, typing_in
from workers.cli import app
from workers.clock import now_ms

if TYPE_CHECKING:
    from pathlib import Path

PLAYBOOK = {
    "shop.yaml": """\
workspace: {name: Shop, zone: Europe/London, currency: GBP}
events:
  order.paid: {properties: {amount: {type: money}}}
segments:
  buyers: {when: 'count("order.paid", "365d") >= 1'}
rules:
  thanks: {event: order.paid, when: event.amount > 0, then: [{tag: seen}]}
""",
}
NIGHT = """\
workspace: {zone: Asia/Shanghai, currency: CNY, quiet_hours: {from: "21:00", until: "09:00"}}
events: {order.paid: {properties: {amount: {type: money}}}}
templates: {thanks: {purpose: marketing, channels: {email: {zh: {subject: 谢谢, body: 谢谢}}}}}
rules: {thanks: {event: order.paid, limit: once, then: [{send: {template: thanks, channels: [email]}}]}}
"""
NIGHT_EVENTS = "".join(
    f'{{"id": "{person}-{name}", "person": "{person}", "event": "{name}", "time": "2026-03-01T15:00:00Z", "properties": {given}}}\n'
    for person, zone in (("安", "Asia/Shanghai"), ("bo", "Europe/London"))
    for name, given in (
        ("contact.updated", '{"channel": "email", "address": "a@example.com"}'),
        ("consent.given", '{"purpose": "marketing"}'),
        ("person.updated", f'{{"zone": "{zone}"}}'),
        ("order.paid", '{"amount": 5}'),
    )
)
FAULTY = PLAYBOOK["shop.yaml"].replace("event.amount", "event.amuont").replace("GBP", "pounds")
EVENTS = (
    '{"id": "1", "person": "p1", "event": "order.paid", "time": "2026-05-01T10:00:00Z", "properties": {"amount": 5}}\n'
)


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    """A folder with a playbook and a file of events; nothing is active."""
    here = Installation(tmp_path, PLAYBOOK)
    here.write_playbook()
    (tmp_path / "events.jsonl").write_text(EVENTS, "utf-8")
    (tmp_path / "empty").mkdir()
    return here


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """One whose playbook is active; commands that change nothing may share it."""
    here = Installation(tmp_path_factory.mktemp("active"), PLAYBOOK)
    assert here.run("activate", str(here.write_playbook())).returncode == 0
    return here


def _said(done: subprocess.CompletedProcess[str]) -> Said:
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def typed(here: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command within this process, which is quicker, for what ends before anything begins."""
    return typing_in(here, monkeypatch, capfd)


# ---------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "nowhere"], "nowhere does not exist"),
        (["check", "events.jsonl"], "is a file, and a playbook is a folder"),
        (["check", "empty"], "holds no .yaml file"),
        (["activate", "nowhere"], "nowhere does not exist"),
        (["status"], "there is no workspace in"),
        (["person", "p1"], "there is no workspace in"),
        (["person", "p1", "--from", "empty"], "holds no stores of a simulation"),
        (["import", "nowhere.jsonl"], "nowhere.jsonl"),
        (["import", "events.jsonl"], "no playbook is active"),
        (["import", "events.jsonl", "--data", "events.jsonl"], "events.jsonl cannot be made"),
        (["import", "events.jsonl", "--data", "events.jsonl/below"], "cannot be made"),
        (["up", "--playbook", "nowhere"], "there is no playbook folder nowhere"),
        (["simulate", "--playbook", "playbook", "--events", "nowhere.jsonl", "--out", "out"], "nowhere.jsonl"),
        (["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--out", "."], "holds something else"),
        (["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--out", "events.jsonl"], "events.jsonl"),
        (
            ["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--out", "out", "--until", "tomorrow"],
            "--until: ",
        ),
        (
            ["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--out", "out", "--tick", "soon"],
            "--tick: ",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named_in_a_sentence(typed: Typed, words: list[str], sentence: str) -> None:
    assert sentence in typed(*words).sentence()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["check", "nowhere", "--lang", "zh"], "剧本 nowhere 不存在；请给出 touchline.yaml 所在的文件夹。"),
        (["check", "--lang=zh", "events.jsonl"], "剧本 events.jsonl 是文件，而剧本是文件夹"),
        (["test", "--lang", "zh", "empty"], "文件夹 empty 里没有 .yaml 文件，所以不是剧本。"),
    ],
)
def test_what_cannot_be_used_is_named_in_chinese_too(typed: Typed, words: list[str], sentence: str) -> None:
    assert sentence in typed(*words).sentence()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("COLOUR", "red", "there is no setting TOUCHLINE_COLOUR; there are TOUCHLINE_CHANNELS, "),
        ("LEGDER", "sqlite:///l.db", "did you mean TOUCHLINE_LEDGER?"),
        ("LOG", "kafka://127.0.0.1:1/shop", "touchline: Kafka at 127.0.0.1:1 does not answer\n  see whether it runs"),
        ("PORT", "http", "TOUCHLINE_PORT is a number from 0 to 65535, not 'http'"),
        ("PORT", "65536", "TOUCHLINE_PORT is a number from 0 to 65535, not '65536'"),
        ("LATENESS", "3", "TOUCHLINE_LATENESS: "),
        ("LEASE", "1s", "TOUCHLINE_LEASE is at least 3s, not 1s"),
        ("CHANNELS", "{", "TOUCHLINE_CHANNELS is no JSON"),
        ("CHANNELS", '{"sms": {"adapter": "email", "host": "env:SMTP_HOST"}}', "wants the variable SMTP_HOST"),
        ("CHANNELS", "channels.json", "names the file channels.json, which cannot be read"),
        ("LOG", "postgresql://here/log", "no URL of a log"),
        ("LEDGER", "mysql://here/ledger", "no URL of a ledger; write sqlite:///PATH or postgresql://"),
        ("LEDGER", "postgresql://here", "the URL of the ledger is none of PostgreSQL; write postgresql://"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(f"TOUCHLINE_{name}", value)

    assert sentence in typed("activate", "playbook").sentence()


def test_an_adapter_that_does_not_exist_stops_the_start(here: Installation) -> None:
    here.serve_channel("sms", adapter="pigeon")

    done = here.run("dispatch")

    assert (done.returncode, "Traceback" in done.stderr, "pigeon" in done.stderr) == (2, False, True), done.stderr


@pytest.mark.parametrize(
    "words",
    [["chekc"], ["check"], ["status", "--yaml"], ["simulate"], *(["up", "--port", p] for p in ("many", "-1", "65536"))],
)
def test_words_that_are_no_command_exit_with_2_and_say_how_to_get_help(typed: Typed, words: list[str]) -> None:
    said = typed(*words)

    assert (said.code, said.out, "Traceback" in said.err) == (2, "", False)
    assert f"Try 'touchline {words[0]} " in said.err or "Try 'touchline --help'" in said.err or "-h" in said.err


# ---------------------------------------------------------------- check and activate


def test_faults_are_printed_as_a_sorted_list_of_objects_with_these_keys(here: Installation) -> None:
    (here.folder / "playbook" / "shop.yaml").write_text(FAULTY, "utf-8")

    done = here.run("check", "playbook", "--format", "json")

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [list(finding) for finding in found] == [
        ["file", "line", "column", "code", "severity", "message", "hint"]
    ] * len(found)
    assert [(f["line"], f["column"], f["code"]) for f in found] == sorted(
        (f["line"], f["column"], f["code"]) for f in found
    )
    assert [(f["file"], f["line"], f["code"]) for f in found] == [
        ("shop.yaml", 1, "bad_currency"), ("shop.yaml", 7, "unknown_property"),
    ]  # fmt: skip
    assert "amount" in found[1]["hint"]
    assert here.run("check", "playbook", "--json").stdout == done.stdout


def test_faults_are_printed_as_annotations_of_github(here: Installation) -> None:
    (here.folder / "playbook" / "shop.yaml").write_text(FAULTY, "utf-8")

    done = here.run("check", "playbook", "--format", "github")

    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (1, 2)
    assert lines[0].startswith("::error file=playbook/shop.yaml,line=1,col=")
    assert lines[1].startswith("::error file=playbook/shop.yaml,line=7,col=")


def test_faults_are_printed_with_their_line_and_a_caret(here: Installation) -> None:
    (here.folder / "playbook" / "shop.yaml").write_text(FAULTY, "utf-8")

    done = here.run("check", "playbook")

    assert done.returncode == 1
    assert "shop.yaml:7:" in done.stdout
    assert "^" in done.stdout
    assert "1 file: 2 errors, 0 warnings" in done.stdout
    assert "\x1b" not in done.stdout  # no colour but on a terminal


def test_a_sound_playbook_has_an_empty_list_and_exits_with_0(here: Installation) -> None:
    done = here.run("check", "playbook", "--json")

    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [], "")


def test_a_playbook_with_faults_leaves_the_old_one_in_force(here: Installation) -> None:
    first = json.loads(here.run("activate", "playbook", "--json").stdout)
    again = json.loads(here.run("activate", "playbook", "--json").stdout)
    (here.folder / "playbook" / "shop.yaml").write_text(FAULTY, "utf-8")

    refused = here.run("activate", "playbook")
    described = here.run("docs", "playbook")

    assert (first["sequence"], first["changed"]) == (1, True)
    assert again == first | {"changed": False}
    assert (refused.returncode, refused.stdout, "Traceback" in refused.stderr) == (1, "", False)
    assert "shop.yaml:7:" in refused.stderr
    assert "the program in force stays as it is" in refused.stderr
    assert (described.returncode, "in force" in described.stderr) == (1, False)
    status = json.loads(here.run("status", "--json").stdout)
    assert status["program"] == {"hash": first["hash"], "sequence": 1}


# ---------------------------------------------------------------- one document, one example


def test_json_is_the_only_thing_on_standard_output(active: Installation) -> None:
    (active.folder / "events.jsonl").write_text(EVENTS, "utf-8")
    simulate = ["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--engine", "sqlite", "--out", "out"]
    for words in (
        ["status"],
        ["activate", "playbook"],
        ["import", "events.jsonl"],
        simulate,
        ["person", "p1", "--from", "out"],
    ):
        done = active.run(*words, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert isinstance(json.loads(done.stdout), dict)


def test_a_message_of_the_night_says_why_it_waits_and_until_when_on_the_persons_clock(tmp_path: Path) -> None:
    here = Installation(tmp_path, {"shop.yaml": NIGHT})
    here.write_playbook()
    (here.folder / "events.jsonl").write_text(NIGHT_EVENTS, "utf-8")
    simulate = ["simulate", "--playbook", "playbook", "--events", "events.jsonl", "--engine", "sqlite", "--out", "out"]

    done = here.run(*simulate)
    ann, bo = (here.run("person", name, "--from", "out").stdout for name in ("安", "bo"))

    assert " pending   quiet_hours        1 " in done.stdout
    assert "Last decisions (Asia/Shanghai)" in ann
    assert "2026-03-01 23:00   thanks   0      send   pending             quiet_hours until 2026-03-02 09:00" in ann
    assert "Last decisions (Europe/London)" in bo
    assert "2026-03-01 15:00   thanks   0      send   sent     email" in bo


def test_somebody_who_is_not_known_is_said_so(active: Installation) -> None:
    assert "nobody called 'p9' is known here" in _said(active.run("person", "p9", "--json")).sentence()


def test_the_help_of_every_command_ends_with_an_example() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        assert command.epilog.startswith(f"Example: touchline {name}"), name


def test_help_shows_the_example_and_no_command_shows_the_help(here: Installation) -> None:
    done, bare = here.run("simulate", "--help"), here.run()

    assert (done.returncode, done.stderr) == (0, "")
    assert "Example: touchline simulate --playbook playbook" in done.stdout
    assert all(name in bare.stdout + bare.stderr for name in ("check", "simulate", "up", "status"))


# ---------------------------------------------------------------- named stops


async def _begun(here: Installation, log_id: str | None = None) -> None:
    """A state that a worker has begun on a log: its own, unless another one's id is given."""
    log = open_log(f"sqlite:///{here.data}/log.db", clock=now_ms, new_id=lambda: "never")
    state = open_state(f"sqlite:///{here.data}/state.db")
    await state.begin(0, log_id or log.info.log_id, Position(0))
    await state.close()
    await log.close()


def _stopped(here: Installation, name: str, words: str) -> None:
    done = here.run("worker", timeout=30)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    sentence = next(line for line in done.stderr.splitlines() if line.startswith(f"touchline: {name}: "))
    assert words in sentence


async def test_a_state_of_another_installation_stops_the_worker(here: Installation) -> None:
    assert here.run("activate", "playbook").returncode == 0
    await _begun(here, "another-log")

    _stopped(here, "LOG_MISMATCH", "the three stores must come from one installation")


async def test_a_log_that_was_removed_stops_the_worker(here: Installation) -> None:
    assert here.run("activate", "playbook").returncode == 0
    await _begun(here)
    for path in here.data.glob("log.db*"):
        path.unlink()

    _stopped(here, "LOG_MISMATCH", "the state belongs to log")


def test_a_file_that_is_no_database_is_said_in_a_sentence(here: Installation) -> None:
    assert here.run("activate", "playbook").returncode == 0
    (here.data / "ledger.db").write_bytes(b"not a database, and long enough to be looked at" * 100)

    assert "ledger.db" in _said(here.run("status")).sentence()


# ---------------------------------------------------------------- a disk that is full


def _small_files() -> None:
    """What a full disk does: no file may grow beyond 48 KiB."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (48 << 10, 48 << 10))


@pytest.mark.parametrize(
    "words",
    [
        ["activate", "playbook"],
        ["simulate", "--playbook", "playbook", "--events", "many.jsonl", "--out", "out", "--engine", "sqlite"],
        ["simulate", "--playbook", "playbook", "--events", "many.jsonl", "--out", "out"],
    ],
)
def test_a_full_disk_is_said_in_a_sentence(here: Installation, words: list[str]) -> None:
    lines = [EVENTS.replace('"1"', f'"{n}"').replace('"p1"', f'"p{n}"') for n in range(2_000)]
    (here.folder / "many.jsonl").write_text("".join(lines), "utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "workers", *words],
        env=here.environment(), cwd=here.folder, capture_output=True, text=True, timeout=60, check=False,
        preexec_fn=_small_files,
    )  # fmt: skip

    _said(done).sentence()
