"""A simulation's files are the same, byte for byte, however it is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rules.model import Emit, IssueCoupon, SendMessage, walk_steps
from rules.read import read
from tests.everything.history import OTHER, PLAYBOOK, UNTIL, write_history
from tests.helpers.installation import Installation

if TYPE_CHECKING:
    from pathlib import Path

VARIANTS = [
    pytest.param(("--batch", "7"), "1", id="small batches, another hash seed"),
    pytest.param(("--tick", "1h", "--partitions", "5"), "0", id="a tick an hour, five partitions"),
    pytest.param(("--engine", "sqlite"), "0", id="sqlite"),
    pytest.param(("--engine", "sqlite", "--partitions", "3", "--batch", "11", "--tick", "3d"), "2", id="all of it"),
]  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A playbook and two files of events."""
    return _prepared(tmp_path_factory.mktemp("simulate"), PLAYBOOK)


def _prepared(folder: Path, playbook: dict[str, str]) -> Installation:
    here = Installation(folder, playbook)
    here.write_playbook()
    write_history(folder)
    return here


def _simulated(here: Installation, name: str, *words: str, seed: str = "0") -> dict[str, bytes]:
    """The files that a simulation wrote."""
    out = here.folder / name
    done = subprocess.run(
        [sys.executable, "-m", "workers", "simulate", "--playbook", "playbook", "--out", str(out), "--json",
         "--events", "one.jsonl", "--events", "two.jsonl", "--until", UNTIL, *words],
        env=here.environment() | {"PYTHONHASHSEED": seed}, cwd=here.folder, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == (out / "summary.json").read_bytes()
    return {path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def wanted(here: Installation) -> dict[str, bytes]:
    """The files of one run."""
    return _simulated(here, "wanted")


def _rows(files: dict[str, bytes], name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[f"{name}.jsonl"].splitlines()]


_ACTING = (SendMessage, IssueCoupon, Emit)


def test_every_rule_and_every_step_that_acts_has_decided(wanted: dict[str, bytes]) -> None:
    decided = {(row["rule"], row["step"]) for name in ("decisions", "shadow") for row in _rows(wanted, name)}
    rules = [rule for rule in read(PLAYBOOK).playbook.rules.values() if rule.status in {"live", "shadow"}]

    acting = {
        (rule.id, step.id or path)
        for rule in rules
        for path, step in walk_steps(rule.then)
        if isinstance(step, _ACTING)
    }

    assert {rule for rule, _ in decided} == {rule.id for rule in rules}
    assert acting - decided == set()
    assert {"0.arms.letter.0", "0.arms.hours.0.then.2", "1.then.0.then.0", "1.else.0"} <= {step for _, step in decided}


def test_the_events_bring_about_every_kind_of_outcome(wanted: dict[str, bytes]) -> None:
    summary = json.loads(wanted["summary.json"])
    whys = {why.partition(":undefined")[0] for each in summary["deliveries"].values() for why in each}
    reasons = {part.rpartition(":")[2] for why in whys for part in why.split(",")}

    assert set(summary["deliveries"]) == {"done", "expired", "failed", "sent", "suppressed"}
    assert reasons == {
        "", "coupon_unavailable", "holdout", "quiet_hours", "render", "cap_email", "cap_all", "cap_promotions", "cap_both",
        "cap_transactional", "no_consent", "no_address",
    }  # fmt: skip
    assert set(summary["rejected"]) >= {
        "bad_json", "bad_time", "below_minimum", "duplicate_key", "no_person", "no_time", "unknown_event", "wrong_type",
    }  # fmt: skip
    assert summary["records"] > summary["events"] + sum(summary["rejected"].values()) - 80
    assert all(each["issued"] > 5 < each["refused"] for each in summary["coupons"].values()), summary["coupons"]
    assert all(each["entered"] > 0 for each in summary["segments"].values()), summary["segments"]
    assert len(_rows(wanted, "shadow")) > 20
    assert {row["cause"] for row in _rows(wanted, "memberships")} == {"event", "time"}


def test_a_schedule_in_the_hour_that_does_not_exist_fires_at_its_end(wanted: dict[str, bytes]) -> None:
    moments = {row["time"][5:16] for row in _rows(wanted, "decisions") if row["rule"] == "nightly"}

    assert "03-31T01:00" in moments  # 02:00 in London, the first moment after the gap
    assert {moment[6:] for moment in moments if moment < "03-31"} == {"01:30"}
    assert {moment[6:] for moment in moments if moment > "04-01"} == {"00:30"}


@pytest.mark.parametrize(("words", "seed"), VARIANTS)
def test_the_files_are_the_same_byte_for_byte(
    here: Installation, wanted: dict[str, bytes], words: tuple[str, ...], seed: str, request: pytest.FixtureRequest
) -> None:
    found = _simulated(here, request.node.callspec.id.replace(", ", "-").replace(" ", "-"), *words, seed=seed)

    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert list(found) == list(wanted)


def test_a_run_into_a_folder_that_a_broken_run_left_goes_through(here: Installation, wanted: dict[str, bytes]) -> None:
    (here.folder / "broken" / "workspace").mkdir(parents=True)
    (here.folder / "broken" / "workspace" / "ledger.db").write_bytes(os.urandom(100))

    assert _simulated(here, "broken", "--engine", "sqlite") == wanted


def test_a_workspace_that_is_written_in_the_other_ways_gives_the_same_files_too(tmp_path: Path) -> None:
    here = _prepared(tmp_path, OTHER)

    assert _simulated(here, "one") == _simulated(here, "two", "--engine", "sqlite", "--partitions", "2", "--batch", "9")
