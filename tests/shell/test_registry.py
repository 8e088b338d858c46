from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

import pytest

from messaging.adapters.events import EventsAdapter
from messaging.registry import adapter_names, adapters_of
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

OWN = ["console", "email", "file", "memory", "webhook", "wecom_robot"]
MODULE = """
from messaging.adapters.memory import MemoryAdapter

def working(options, data):
    return MemoryAdapter()

def broken(options, data):
    raise RuntimeError("a defect of somebody else")
"""
ENTRY_POINTS = """
[touchline.adapters]
pigeon = carrier_pigeon:working
albatross = carrier_pigeon:broken
phoenix = burnt_to_ashes:adapter
console = carrier_pigeon:broken
"""


class Log:
    async def append(self, items: object) -> None:
        """Take nothing."""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with adapters of its own."""
    info = tmp_path / "carrier_pigeon-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier-pigeon\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    (tmp_path / "carrier_pigeon.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()


def test_the_adapters_that_come_along_are_known_without_an_installation() -> None:
    assert set(OWN) <= set(adapter_names())


def test_each_channel_has_the_adapter_that_its_setting_names(tmp_path: Path) -> None:
    settings: dict[str, dict[str, Any]] = {
        "email": {"adapter": "memory", "needs_address": True},
        "wecom_group": {"adapter": "wecom_robot", "url": "https://qyapi.weixin.qq.com/x?key=y", "on_doubt": "retry"},
        "webhook": {"adapter": "file"},
    }

    built = adapters_of(settings, tmp_path, Log())

    assert {channel: adapter.name for channel, adapter in built.items()} == {
        "email": "memory",
        "log": "events",
        "webhook": "file",
        "wecom_group": "wecom_robot",
    }
    assert built["email"].capabilities.needs_address
    assert built["wecom_group"].capabilities.on_doubt == "retry"


def test_without_settings_there_is_only_the_adapter_of_emitted_events(tmp_path: Path) -> None:
    built = adapters_of({}, tmp_path, Log())

    assert [type(adapter) for adapter in built.values()] == [EventsAdapter]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"sms": {"adapter": "smoke"}}, "the adapter smoke, which there is not; there are console, email, file"),
        ({"sms": {}}, "The channel sms names no adapter"),
        ({"sms": {"adapter": 7}}, "The channel sms names no adapter"),
        ({"log": {"adapter": "console"}}, "log is reserved"),
        ({"sms": {"adapter": "console", "colour": "red"}}, "unknown field `colour`"),
        ({"sms": {"adapter": "webhook", "secret": "c2VjcmV0"}}, "missing required field `url`"),
    ],
)
def test_a_setting_that_cannot_work_is_one_sentence(setting: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message):
        adapters_of(setting, tmp_path, Log())


@pytest.mark.usefixtures("plugins")
def test_an_adapter_of_another_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    assert "pigeon" in adapter_names()
    assert adapters_of({"sms": {"adapter": "pigeon"}}, tmp_path, Log())["sms"].name == "memory"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", ["albatross", "phoenix"])
def test_a_broken_adapter_of_another_package_costs_its_channel_only(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"sms": {"adapter": name}, "email": {"adapter": "memory"}}

    with caplog.at_level(logging.ERROR):
        built = adapters_of(settings, tmp_path, Log())

    assert sorted(built) == ["email", "log"]
    assert f"The adapter {name} cannot be loaded; the channel sms has none now." in caplog.text


@pytest.mark.usefixtures("plugins")
def test_another_package_cannot_replace_an_adapter_that_comes_along(tmp_path: Path) -> None:
    built = adapters_of({"sms": {"adapter": "console"}}, tmp_path, Log())

    assert type(built["sms"]).__module__ == "messaging.adapters.console"
