"""From a URL to a client of Redis or Valkey: one server, a cluster, or a primary that Sentinel names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import hiredis
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection
from redis.backoff import NoBackoff

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from redis.typing import EncodableT

__all__ = ["Address", "Client", "address_of", "client_of"]

_FORMS = frozenset({"", "cluster", "sentinel"})
_TLS = {"ca": "ssl_ca_certs", "cert": "ssl_certfile", "key": "ssl_keyfile"}
_OF_SENTINEL = {"sentinel_username": "username", "sentinel_password": "password"}
_PORT, _SENTINEL_PORT = 6_379, 26_379
_CONNECT_SECONDS = 3.0
_CONNECTIONS = 1_000
"""At most, to one server: each partition of a process may use one at the same moment."""
_HINT = "write redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT or redis+sentinel://HOST:PORT,HOST:PORT/SERVICE"
Hosts = list[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a URL says. `name` is how errors call the server: it holds no password."""

    name: str
    form: str
    hosts: Hosts
    path: str
    tls: bool
    prefix: str
    user: dict[str, str] = field(repr=False)
    options: dict[str, str] = field(repr=False)
    answer_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Client:
    """A client. `command` sends one command and gives its reply; `primaries`: what makes it ask all of a cluster."""

    command: Callable[..., Awaitable[Any]]
    close: Callable[[], Awaitable[None]]
    primaries: dict[str, Any] = field(default_factory=dict)


def address_of(url: str) -> Address:
    """Read a URL. Raises `SettingsError`."""
    try:
        parts = urlsplit(url)
        user = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    except ValueError as error:
        raise SettingsError(f"the URL of the state cannot be read: {error}", hint=_HINT) from None
    kind, _, form = parts.scheme.partition("+")
    if form not in _FORMS:
        raise SettingsError(f"a state has no URL that begins with {parts.scheme}://", hint=_HINT)
    where = parts.netloc.rpartition("@")[2]
    tls = kind in {"rediss", "valkeys"}
    options = _options(parts, {"prefix", *(_TLS if tls else ()), *(_OF_SENTINEL if form == "sentinel" else ())})
    return Address(
        name=f"{parts.scheme}://{where}{parts.path if kind == 'unix' or form == 'sentinel' else ''}",
        form="unix" if kind == "unix" else form,
        hosts=_hosts(where, _SENTINEL_PORT if form == "sentinel" else _PORT),
        path=unquote(parts.path),
        tls=tls,
        prefix=_prefix(options.pop("prefix", "touchline")),
        user={name: value for name, value in user.items() if value},
        options=options,
    )


def _options(parts: SplitResult, known: set[str]) -> dict[str, str]:
    options = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    unknown = sorted(options.keys() - known)
    if unknown:
        message = f"a URL {parts.scheme}:// has no option {unknown[0]!r}; there are {', '.join(sorted(known))}"
        raise SettingsError(message)
    for name in _TLS:
        if name in options and not Path(options[name]).is_file():
            raise SettingsError(f"the option {name} of the state's URL names {options[name]}, which is no file")
    return options


def _prefix(text: str) -> str:
    """Braces would choose the node of a cluster in place of the partition."""
    if not text or not text.isprintable() or set(text) & set("{} "):
        raise SettingsError(f"the prefix of the state's keys is text without braces and spaces, not {text!r}")
    return text


def _hosts(where: str, usual: int) -> Hosts:
    return [_host(each, usual) for each in where.split(",") if each]


def _host(text: str, usual: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(usual)
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        raise SettingsError(f"{text!r} is no HOST:PORT of a state", hint=_HINT)
    return unquote(host.strip("[]")), int(port)


def client_of(address: Address) -> Client:
    """A client that connects when it is first used. It repeats nothing by itself: the worker does. `SettingsError`."""
    if address.form == "unix":
        if not address.path.strip("/"):
            raise SettingsError("behind unix:// stands the path of a socket", hint=_HINT)
        return _one(address, UnixDomainSocketConnection, path=address.path)
    if address.form == "cluster":
        return _cluster(address)
    if address.form == "sentinel":
        return _sentinel(address)
    if len(address.hosts) > 1:
        raise SettingsError("a URL with several hosts says what they are", hint=_HINT)
    host, port = (*address.hosts, ("localhost", _PORT))[0]
    return _one(address, SSLConnection if address.tls else Connection, host=host, port=port)


def _packing(base: type[Any]) -> type[Any]:
    """A connection that has hiredis pack commands: a batch has thousands of arguments, and Python is slow at that."""

    def pack_command(_: object, *args: EncodableT) -> list[bytes]:
        name = args[0]
        words = name.encode().split() if isinstance(name, str) else [name]
        return [hiredis.pack_command((*words, *args[1:]))]

    return type(f"Packing{base.__name__}", (base,), {"pack_command": pack_command})


def _common(address: Address) -> dict[str, Any]:
    return {
        "protocol": 2,
        "socket_timeout": address.answer_seconds,
        "socket_connect_timeout": _CONNECT_SECONDS,
        **address.user,
        **_renamed(address, _TLS),
    }


def _renamed(address: Address, names: dict[str, str]) -> dict[str, str]:
    """Options of the URL under the client's names."""
    return {names[name]: value for name, value in address.options.items() if name in names}


def _retry(times: int = 0) -> Retry:
    return Retry(NoBackoff(), times)


def _one(address: Address, connection: type[Any], **where: Any) -> Client:  # noqa: ANN401 - what it takes
    database = address.path.strip("/") if address.form == "" else ""
    if database and not database.isdigit():
        raise SettingsError(f"behind the host stands the number of a database, not {database!r}", hint=_HINT)
    pool = ConnectionPool(
        connection_class=_packing(connection),
        max_connections=_CONNECTIONS,
        retry=_retry(),
        db=int(database or 0),
        **_common(address),
        **where,
    )
    client = Redis.from_pool(pool)
    return Client(client.execute_command, client.aclose)


def _cluster(address: Address) -> Client:
    if not address.hosts or address.path.strip("/"):
        raise SettingsError("the URL of a cluster has hosts and nothing behind them", hint=_HINT)
    client = RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in address.hosts],
        retry=_retry(2),  # with the nodes asked anew
        max_connections=_CONNECTIONS,
        ssl=address.tls,
        **_common(address),
    )
    nodes = client.connection_kwargs  # of every node that the first ones name
    nodes["connection_class"] = _packing(nodes["connection_class"])
    return Client(client.execute_command, client.aclose, {"target_nodes": RedisCluster.PRIMARIES})


def _sentinel(address: Address) -> Client:
    service = address.path.strip("/")
    if not service or not address.hosts:
        raise SettingsError("the URL of a Sentinel ends with the name of its service", hint=_HINT)
    common = _common(address)
    own = {name: value for name, value in common.items() if name not in address.user}
    own |= _renamed(address, _OF_SENTINEL)
    watched = Sentinel(address.hosts, sentinel_kwargs={**own, "ssl": address.tls, "retry": _retry()})  # type: ignore[no-untyped-call]
    client = watched.master_for(
        service,
        connection_class=_packing(SentinelManagedSSLConnection if address.tls else SentinelManagedConnection),
        max_connections=_CONNECTIONS,
        retry=_retry(),
        **common,
    )

    async def close() -> None:
        await client.aclose()
        await watched.aclose()

    return Client(client.execute_command, close)
