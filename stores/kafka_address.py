"""The URL of a log on Kafka: which brokers, which topic, how to get in, and how a new topic is made."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from schemas.errors import SettingsError

__all__ = ["KafkaAddress", "read_address"]

_TOPIC = "touchline.events"
_OPTIONS = ("security", "mechanism", "ca", "cert", "key", "group", "partitions", "replication")
_SECURITY = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_SERVER = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,249}")
_FORM = "write kafka://HOST:9092,HOST:9092/TOPIC?OPTION=VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """What a URL says. None as `partitions`: 12 in a new topic; as `replication`: 3, or one on each broker."""

    servers: tuple[str, ...]
    topic: str = _TOPIC
    group: str = _TOPIC
    security: str = "PLAINTEXT"
    mechanism: str = "PLAIN"
    user: str = ""
    password: str = field(default="", repr=False)
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    partitions: int | None = None
    replication: int | None = None

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security.endswith("SSL")

    @property
    def has_login(self) -> bool:
        """Whether a name and password are shown."""
        return self.security.startswith("SASL")

    def tls(self) -> ssl.SSLContext | None:
        """The context of an encrypted connection. Raises `SettingsError` for files that cannot be used."""
        if not self.has_tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except OSError as error:  # ssl.SSLError is one too
            message = f"Kafka's ca, cert or key cannot be used: {error}"
            raise SettingsError(message, hint="they are paths of PEM files") from None
        return context

    def connection(self) -> dict[str, Any]:
        """What every client of aiokafka is told."""
        told: dict[str, Any] = {"bootstrap_servers": list(self.servers), "security_protocol": self.security}
        if self.has_tls:
            told["ssl_context"] = self.tls()
        if self.has_login:
            told |= {"sasl_mechanism": self.mechanism}
            told |= {"sasl_plain_username": self.user, "sasl_plain_password": self.password}
        return told

    def __str__(self) -> str:
        """As people may read it: without the password."""
        return f"kafka://{','.join(self.servers)}/{self.topic}"


def read_address(url: str) -> KafkaAddress:
    """The address in a URL. Raises `SettingsError`, which never shows a password."""
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    servers = tuple(_server(host) for host in hosts.split(","))
    topic = parts.path.removeprefix("/") or _TOPIC
    user, _, password = login.partition(":")
    options = _options(parts.query)
    return KafkaAddress(
        servers=servers,
        topic=_named("topic", topic),
        group=_named("group", options.get("group", topic)),
        security=_security(options, has_login=bool(login)),
        mechanism=_one_of("mechanism", options.get("mechanism", "PLAIN"), _MECHANISMS),
        user=unquote(user),
        password=unquote(password),
        ca=options.get("ca"),
        cert=options.get("cert"),
        key=options.get("key"),
        partitions=_count("partitions", options),
        replication=_count("replication", options),
    )


def _server(host: str) -> str:
    if not _SERVER.fullmatch(host):
        message = f"{host!r} is no HOST:PORT of a Kafka broker"
        raise SettingsError(message, hint=_FORM)
    return host if re.search(r":\d+$", host) else f"{host}:9092"


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - set(_OPTIONS))
    if unknown:
        message = f"a URL of Kafka has no option {unknown[0]!r}; there are {', '.join(_OPTIONS)}"
        raise SettingsError(message)
    return options


def _named(what: str, name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name of a {what} in Kafka: letters, digits, dots, - and _, at most 249"
        raise SettingsError(message, hint=_FORM)
    return name


def _security(options: dict[str, str], *, has_login: bool) -> str:
    """Encrypted wherever a password goes out, unless the URL says otherwise."""
    has_files = any(options.get(name) for name in ("ca", "cert", "key"))
    default = "SASL_SSL" if has_login else "SSL" if has_files else "PLAINTEXT"
    security = _one_of("security", options.get("security", default), _SECURITY)
    if security.startswith("SASL") != has_login:
        message = f"security={security} {'needs' if security.startswith('SASL') else 'knows no'} USER:PASSWORD@"
        raise SettingsError(message, hint="write kafka://USER:PASSWORD@HOST:9092/TOPIC?security=SASL_SSL")
    return security


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        message = f"{name} is one of {', '.join(known)}, not {value!r}"
        raise SettingsError(message)
    return value


def _count(name: str, options: dict[str, str]) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        message = f"{name} is a number from 1 to 10000, not {text!r}"
        raise SettingsError(message)
    return int(text)
