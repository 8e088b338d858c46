"""Which adapter serves which channel: a setting of the deployment, never of a playbook.

`{channel: {"adapter": name, …options}}`, for example
`{"wecom_group": {"adapter": "console"}, "webhook": {"adapter": "file", "path": "sent.jsonl"}}`.

Other packages offer adapters by an entry point of the group `touchline.adapters` that names a factory:
`(options, data folder) -> Adapter`. The adapters that come along cannot be replaced.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from messaging.adapters.events import EventsAdapter
from messaging.policy import EVENT_CHANNEL
from messaging.ports import Adapter
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from messaging.adapters.events import Appends

__all__ = ["GROUP", "AdapterConfig", "adapter_names", "adapters_of"]

GROUP = "touchline.adapters"

AdapterConfig = Mapping[str, Any]
"""`adapter`: its name; the rest are its options."""
Factory = Callable[[Mapping[str, Any], Path], Adapter]

_OWN = ("console", "email", "file", "memory", "webhook", "wecom_robot")

_log = logging.getLogger(__name__)


def adapter_names() -> list[str]:
    """Every adapter that can be named, sorted."""
    return sorted({*_OWN, *(point.name for point in entry_points(group=GROUP))})


def adapters_of(channels: Mapping[str, AdapterConfig], data: Path, log: Appends) -> dict[str, Adapter]:
    """The adapter of each channel, and the one that appends emitted events to `log`.

    Raises `SettingsError` for an adapter that there is not, and for options that do not fit. One of another package
    that cannot be loaded is logged and left out: its channel then has none, and all others work.
    """
    built: dict[str, Adapter] = {EVENT_CHANNEL: EventsAdapter(log)}
    for channel, config in sorted(channels.items()):
        name, options = _read(channel, config)
        adapter = _own(name, options, data) if name in _OWN else _foreign(channel, name, options, data)
        if adapter is not None:
            built[channel] = adapter
    return built


def _read(channel: str, config: AdapterConfig) -> tuple[str, dict[str, Any]]:
    if channel == EVENT_CHANNEL:
        message = f"The channel {EVENT_CHANNEL} is reserved; give the channel another name."
        raise SettingsError(message)
    name = config.get("adapter")
    if not isinstance(name, str):
        message = f'The channel {channel} names no adapter; write {{"adapter": NAME}} with one of {_listed()}.'
        raise SettingsError(message)
    return name, {option: value for option, value in config.items() if option != "adapter"}


def _own(name: str, options: Mapping[str, Any], data: Path) -> Adapter:
    factory: Factory = import_module(f"messaging.adapters.{name}").adapter
    return factory(options, data)


def _foreign(channel: str, name: str, options: Mapping[str, Any], data: Path) -> Adapter | None:
    points = entry_points(group=GROUP, name=name)
    if not points:
        message = f"The channel {channel} names the adapter {name}, which there is not; there are {_listed()}."
        raise SettingsError(message)
    try:
        factory: Factory = next(iter(points)).load()
        return factory(options, data)
    except SettingsError:
        raise
    except Exception:  # noqa: BLE001 - code of others may raise anything; only its channel may suffer
        _log.exception("The adapter %s cannot be loaded; the channel %s has none now.", name, channel)
        return None


def _listed() -> str:
    return ", ".join(adapter_names())
