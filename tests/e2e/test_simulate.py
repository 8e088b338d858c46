"""A simulation's files are the same, byte for byte, however it is run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.helpers.everything import PLAYBOOK, UNTIL, write_everything
from tests.helpers.installation import Installation

VARIANTS = [
    pytest.param((), "1", id="another hash seed"),
    pytest.param(("--batch", "7"), "0", id="small batches"),
    pytest.param(("--tick", "1h"), "0", id="a tick an hour"),
    pytest.param(("--tick", "3d"), "0", id="a tick in three days"),
    pytest.param(("--partitions", "5"), "0", id="five partitions"),
    pytest.param(("--engine", "sqlite"), "0", id="sqlite"),
    pytest.param(
        ("--engine", "sqlite", "--partitions", "3", "--batch", "3", "--tick", "5h"), "2", id="all of it"
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A playbook and two files of events."""
    here = Installation(tmp_path_factory.mktemp("simulate"), PLAYBOOK)
    write_everything(here)
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


def test_the_playbook_and_the_events_have_everything_in_them(wanted: dict[str, bytes]) -> None:
    summary = json.loads(wanted["summary.json"])

    rules = {row["rule"] for name in ("decisions", "shadow") for row in _rows(wanted, name)}
    reasons = {part for whys in summary["deliveries"].values() for why in whys for part in why.split(",")}

    assert rules == set(re.findall(r"^  ([a-z-]+):", PLAYBOOK["rules.yaml"], re.MULTILINE))
    assert set(summary["decisions"]) == rules - {"tried"}
    assert reasons >= {
        "", "coupon_unavailable", "holdout", "quiet_hours", "email:cap_email", "sms:cap_all", "sms:no_consent",
    }  # fmt: skip
    assert set(summary["deliveries"]) == {"done", "expired", "sent", "suppressed"}
    assert {"0.arms.letter.0", "1.then.0.then.0", "1.else.0"} <= {row["step"] for row in _rows(wanted, "decisions")}
    assert summary["coupons"]["cart"]["issued"] == 3
    assert summary["coupons"]["cart"]["refused"] > 0
    assert summary["coupons"]["hello"] == {"issued": 8, "refused": summary["coupons"]["hello"]["refused"]}
    assert set(summary["rejected"]) >= {"bad_json", "no_time", "below_minimum"}
    assert summary["records"] > summary["events"] > 400
    assert all(each["entered"] > 0 for each in summary["segments"].values()), summary["segments"]
    assert len(_rows(wanted, "shadow")) > 20
    assert {row["cause"] for row in _rows(wanted, "memberships")} == {"event", "time"}


def test_a_schedule_in_the_hour_that_does_not_exist_fires_at_its_end(wanted: dict[str, bytes]) -> None:
    moments = {row["time"][5:16] for row in _rows(wanted, "decisions") if row["rule"] == "night"}

    assert "03-29T01:00" in moments  # 02:00 in London, the first moment after the gap
    assert {moment[6:] for moment in moments if moment < "03-29"} == {"01:30"}
    assert {moment[6:] for moment in moments if moment > "03-30"} == {"00:30"}


@pytest.mark.parametrize(("words", "seed"), VARIANTS)
def test_the_files_are_the_same_byte_for_byte(
    here: Installation, wanted: dict[str, bytes], words: tuple[str, ...], seed: str, request: pytest.FixtureRequest
) -> None:
    found = _simulated(here, request.node.callspec.id.replace(" ", "-"), *words, seed=seed)

    assert [name for name in wanted if found[name] != wanted[name]] == []
    assert list(found) == list(wanted)


def test_a_second_run_into_the_same_folder_writes_the_same(here: Installation, wanted: dict[str, bytes]) -> None:
    assert _simulated(here, "wanted") == wanted


def test_a_run_into_a_folder_that_a_broken_run_left_goes_through(here: Installation, wanted: dict[str, bytes]) -> None:
    (here.folder / "broken" / "workspace").mkdir(parents=True)
    (here.folder / "broken" / "workspace" / "ledger.db").write_bytes(os.urandom(100))

    assert _simulated(here, "broken", "--engine", "sqlite") == wanted
