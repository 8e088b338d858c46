"""Settings: read once, from the environment only here, checked before anything starts."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from schemas.errors import SettingsError
from schemas.findings import nearest
from schemas.times import DAY, HOUR, SECOND, parse_duration

__all__ = [
    "Settings",
    "environment",
    "fresh_key",
    "from_environment",
    "language",
    "read_settings",
    "simulated",
    "with_password",
    "without_password",
]

_PREFIX = "TOUCHLINE_"
_KNOWN = {
    "DATA": "folder of the embedded stores (default .touchline)",
    "PLAYBOOK": "folder of the playbook (default ./playbook, else the built-in sample)",
    "LOG": "URL of the log: sqlite:///PATH, kafka://HOST:9092/TOPIC",
    "KAFKA_PASSWORD": "password of the log's URL, so that it need not stand there",
    "KAFKA_SESSION": "after how long a silent worker loses its partitions (default 10s, at least 6s)",
    "LOG_KEEP": "how long a log in a file keeps folded records (default: for ever; at least 7d)",
    "STATE": "URL of the state: sqlite:///PATH, redis://HOST:PORT, redis+cluster://…, redis+sentinel://…/SERVICE",
    "LEDGER": "URL of the ledger: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE",
    "CHANNELS": "which adapter serves which channel: JSON, or the path of a JSON file",
    "HOST": "address to listen on (default 127.0.0.1)",
    "PORT": "port to listen on (default 8080)",
    "METRICS_HOST": "address on which a worker, dispatch or clock alone shows its health (default 127.0.0.1)",
    "METRICS_PORT": "port for that, and for its metrics (default: none, it shows nothing)",
    "TOKEN": "bearer token that senders of events must show",
    "LATENESS": "how late an event may be (default 72h)",
    "LEASE": "how long a dispatcher may hold a row (default 30s, at least 3s)",
    "RECORD_CHANGES": "keep every segment change in the ledger: true or false (default)",
    "SIM_LOG": "URL of a new topic for `simulate --engine servers`: kafka://HOST:9092/TOPIC",
    "SIM_STATE": "URL of an unused prefix for it: redis://HOST:PORT?prefix=NAME",
    "SIM_LEDGER": "URL of an empty database for it: postgresql://USER:PASSWORD@HOST/DATABASE",
    "LOG_LEVEL": "debug, info (default), warning, error",
    "CI": "set by the tests",
    "REQUIRE": "servers that the tests must find",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. `channels`: channel → {"adapter": name, …options}."""

    data: Path = Path(".touchline")
    playbook: Path | None = None
    log: str = ""
    state: str = ""
    ledger: str = ""
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = 8080
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    token: str | None = field(default=None, repr=False)
    lateness: int = 3 * DAY
    lease: int = 30 * SECOND
    record_changes: bool = False
    log_keep: int | None = None
    kafka_password: str | None = field(default=None, repr=False)
    kafka_session: int = 10 * SECOND
    log_level: str = "info"
    virtual: bool = False
    """A simulation's stores: their time is that of the events."""

    def url(self, port: str) -> str:
        """The URL of the log, state or ledger; embedded in the data folder unless set."""
        given: str = getattr(self, port)
        if port == "log" and self.kafka_password is not None:
            given = with_password(given, self.kafka_password)
        return given or f"sqlite:///{self.data / f'{port}.db'}"

    @property
    def on_servers(self) -> bool:
        """Whether a store is on a server, which may come up later than we do."""
        return any(url and not url.startswith(("sqlite:", "memory:")) for url in (self.log, self.state, self.ledger))


def environment() -> dict[str, str]:
    """A copy of the process's environment."""
    return dict(os.environ)


def language(values: Mapping[str, str]) -> Literal["en", "zh"]:
    """The language of the person at the terminal: Chinese where the locale says so, else English."""
    names = (values.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return "zh" if locale.lower().startswith("zh") else "en"


def fresh_key(size: int) -> str:
    """`size` random bytes in hex: ids and keys that are made once with a workspace, the only draw there is."""
    return secrets.token_hex(size)


def read_settings(values: Mapping[str, str], *, data: Path | None = None) -> Settings:
    """Settings from an environment. Raises `SettingsError` with one sentence for the first fault."""
    given = {name.removeprefix(_PREFIX): text for name, text in values.items() if name.startswith(_PREFIX)}
    unknown = sorted(set(given) - set(_KNOWN))
    if unknown:
        message = (
            f"there is no setting {_PREFIX}{unknown[0]}; there are {', '.join(_PREFIX + n for n in sorted(_KNOWN))}"
        )
        meant = nearest(unknown[0], _KNOWN)
        raise SettingsError(message, hint="" if meant is None else f"did you mean {_PREFIX}{meant}?")
    return Settings(
        data=data or Path(given.get("DATA") or ".touchline"),
        playbook=Path(given["PLAYBOOK"]) if given.get("PLAYBOOK") else None,
        log=given.get("LOG", ""),
        state=given.get("STATE", ""),
        ledger=given.get("LEDGER", ""),
        channels=_channels(given.get("CHANNELS", ""), values),
        host=given.get("HOST") or "127.0.0.1",
        port=_port("PORT", given.get("PORT") or "8080"),
        metrics_host=given.get("METRICS_HOST") or "127.0.0.1",
        metrics_port=_port("METRICS_PORT", given["METRICS_PORT"]) if given.get("METRICS_PORT") else None,
        token=given.get("TOKEN") or None,
        lateness=_duration("LATENESS", given.get("LATENESS") or "72h", HOUR),
        lease=_duration("LEASE", given.get("LEASE") or "30s", 3 * SECOND),
        record_changes=_flag("RECORD_CHANGES", given.get("RECORD_CHANGES") or "false"),
        log_keep=_log_keep(given),
        kafka_password=given.get("KAFKA_PASSWORD") or None,
        kafka_session=_duration("KAFKA_SESSION", given.get("KAFKA_SESSION") or "10s", 6 * SECOND),
        log_level=_level(given.get("LOG_LEVEL") or "info"),
    )


def simulated(values: Mapping[str, str]) -> Settings:
    """Settings of a simulation on servers; the installation's own stores are not looked at. Raises `SettingsError`."""
    urls = {port: values.get(f"{_PREFIX}SIM_{port.upper()}", "") for port in ("log", "state", "ledger")}
    missing = [f"{_PREFIX}SIM_{port.upper()}" for port, url in urls.items() if not url]
    if missing:
        message = f"--engine servers needs {' and '.join(missing)}: stores that nobody has used, for this run alone"
        hint = "kafka://HOST:9092/TOPIC, redis://HOST:6379?prefix=NAME, postgresql://USER:PASSWORD@HOST/DATABASE"
        raise SettingsError(message, hint=hint)
    return Settings(log=urls["log"], state=urls["state"], ledger=urls["ledger"], record_changes=True, virtual=True)


def with_password(url: str, password: str) -> str:
    """A URL whose user has this password. Raises `SettingsError` where it names no user, or a password itself."""
    scheme, separator, rest = url.partition("://")
    user, at, place = rest.partition("@")
    if not at or ":" in user:
        message = "TOUCHLINE_KAFKA_PASSWORD belongs to a URL that names a user and no password"
        raise SettingsError(message, hint="set TOUCHLINE_LOG=kafka://USER@HOST:9092/TOPIC")
    return f"{scheme}{separator}{user}:{quote(password, safe='')}@{place}"


def from_environment(value: str, values: Mapping[str, str], whose: str) -> str:
    """A text, or the variable that `env:NAME` names, so that no secret stands in a file or on a command line.

    Raises `SettingsError`, which says that `whose` wants it.
    """
    if not value.startswith("env:"):
        return value
    name = value.removeprefix("env:")
    if name not in values:
        raise SettingsError(f"{whose} wants the variable {name}, which is not set")
    return values[name]


def without_password(url: str) -> str:
    """A URL that may be shown."""
    shown = re.sub(r"(://[^/@]*?:)[^@]*@", r"\1…@", url)
    return re.sub(r"(password=)[^&]*", r"\1…", shown)


def _port(name: str, text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) < 65_536:
        message = f"{_PREFIX}{name} is a number from 0 to 65535, not {text!r}"
        raise SettingsError(message)
    return int(text)


def _duration(name: str, text: str, least: int) -> int:
    try:
        duration = parse_duration(text)
    except ValueError as error:
        message = f"{_PREFIX}{name}: {error}"
        raise SettingsError(message) from None
    if duration < least:
        message = f"{_PREFIX}{name} is at least {least // SECOND}s, not {text}"
        raise SettingsError(message)
    return duration


def _log_keep(given: Mapping[str, str]) -> int | None:
    """How long records are kept; None: for ever. Raises `SettingsError` where log or state are not files."""
    text = given.get("LOG_KEEP")
    if not text:
        return None
    for port in ("LOG", "STATE"):
        if given.get(port) and not given[port].startswith("sqlite:"):
            message = f"{_PREFIX}LOG_KEEP is for a log and a state in files, and {_PREFIX}{port} names a server"
            raise SettingsError(message, hint="a topic of Kafka has its own retention.ms")
    return _duration("LOG_KEEP", text, 7 * DAY)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false", "1", "0"}:
        message = f"{_PREFIX}{name} is true or false, not {text!r}"
        raise SettingsError(message)
    return text.lower() in {"true", "1"}


def _level(text: str) -> str:
    if text not in {"debug", "info", "warning", "error"}:
        message = f"TOUCHLINE_LOG_LEVEL is debug, info, warning or error, not {text!r}"
        raise SettingsError(message)
    return text


def _channels(text: str, values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Channel settings; a text `env:NAME` is replaced by that variable, so that no secret stands in a file."""
    if not text:
        return {}
    if not text.lstrip().startswith("{"):
        text = _channels_file(Path(text))
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"TOUCHLINE_CHANNELS is no JSON: {error}"
        raise SettingsError(message) from None
    if not isinstance(found, dict) or not all(
        isinstance(v, dict) and isinstance(v.get("adapter"), str) for v in found.values()
    ):
        message = 'TOUCHLINE_CHANNELS maps channels to adapters: {"email": {"adapter": "email", "host": "…"}}'
        raise SettingsError(message)
    return {channel: {k: _secret(v, values) for k, v in options.items()} for channel, options in found.items()}


def _channels_file(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        message = f"TOUCHLINE_CHANNELS names the file {path}, which cannot be read: {error.strerror}"
        raise SettingsError(message) from None


def _secret(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - an adapter's option
    return from_environment(value, values, "TOUCHLINE_CHANNELS") if isinstance(value, str) else value
