"""A PostgreSQL server: connections, transactions, repeated where the server asks for it, and errors as sentences."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import create_async_engine

from schemas.errors import SettingsError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["Server"]

T = TypeVar("T")

_MOST = 8
"""Connections that a process may have at once. It opens them as it needs them and keeps them: each new one costs the
server a process."""
_CONNECT_SECONDS = 10.0
_SECONDS = 60.0
"""Longer than any transaction takes: a server that answers no more is away."""
_RECYCLE_SECONDS = 1_800
_STILL_SECONDS = 20.0
"""After so long without a word in a transaction its process is frozen or its machine gone, and others want its rows."""
_PAUSES = tuple(0.005 * 2**n for n in range(8))
"""Seconds before a transaction is repeated: 5 ms and so on, 1.3 s in all."""
_REPEATED = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "0A000",  # a statement was prepared before a newer version changed the tables
}


class _Known(NamedTuple):
    what: str
    hint: str
    is_setting: bool = False


_AWAY = _Known("does not answer", "see whether it runs and can be reached from here")
_SENTENCES = {
    "28": _Known("refuses the user or the password", "see what TOUCHLINE_LEDGER says of them", is_setting=True),
    "3D000": _Known("has no such database", "make it with createdb, or name another one", is_setting=True),
    "42501": _Known(
        "does not let this user do that", "let it make tables in the schema, and read and write them", is_setting=True
    ),
    "25006": _Known("is read-only", "name the primary server, not a standby", is_setting=True),
    "53100": _Known("has no space left on its disk", "free some space; what was not confirmed is tried again"),
    "53300": _Known("has too many connections", "raise max_connections there, or run fewer processes"),
    "53": _Known("is short of memory or another resource", "see its log"),
    "57P": _Known("is starting or stopping", "it is tried again"),
    "25P03": _Known("ended a transaction of ours that stood still", "see whether this process was stopped or starved"),
    "57014": _Known("gave up on a statement", "see statement_timeout there, and what keeps it busy"),
    "55P03": _Known("keeps a row locked", "see which transaction does not end there"),
    "40": _Known("is too busy", "it is tried again; see whether another program changes the same rows"),
    "58": _Known("cannot read or write its files", "look at its disk and its log"),
    "XX": _Known("reports damage", "look at its log, restore a backup if need be"),
    "08": _AWAY,
}
_NO_TLS = _Known("does not agree on TLS with us", "see sslmode and what belongs to it in the URL", is_setting=True)
_NO_TRUST = _Known(
    "shows a certificate that does not fit",
    "see sslrootcert in the URL, and its host",
    is_setting=True,
)
_BUSY = _Known("is too slow for this process", "it is tried again; all its connections are in use")


class Server:
    """One database of a PostgreSQL server. The URL goes to asyncpg as it is, so TLS and time-outs are those of libpq.

    `patience`: seconds that a transaction may take; `still`: seconds that it may stand still. Raises `SettingsError`
    where the URL cannot be one; nothing is connected yet.
    """

    def __init__(self, url: str, *, patience: float = _SECONDS, still: float = _STILL_SECONDS) -> None:
        self.name = _name(url)
        self._url = f"postgresql://{url.partition('://')[2]}"
        self._patience, self._still = patience, still
        self._ours: set[int] = set()
        """The server's numbers of our connections."""
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=_MOST,
            max_overflow=0,
            pool_timeout=patience,
            pool_recycle=_RECYCLE_SECONDS,
            pool_use_lifo=True,
            isolation_level="READ COMMITTED",
            hide_parameters=True,
        )
        event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        self._reading = self._engine.execution_options(postgresql_readonly=True)

    async def _connect(self) -> asyncpg.Connection:
        settings = {"application_name": "touchline"}
        try:
            connection = await asyncpg.connect(self._url, timeout=_CONNECT_SECONDS, server_settings=settings)
            await connection.execute(f"SET idle_in_transaction_session_timeout = {round(self._still * 1000)}")
        except asyncpg.ClientConfigurationError as error:
            raise SettingsError(f"the URL of {self.name} cannot be used: {error}") from None
        ours = connection.get_server_pid()
        self._ours.add(ours)
        connection.add_termination_listener(lambda _: self._ours.discard(ours))
        return connection

    async def open(self, work: Callable[[Connection], T]) -> T:
        """Do the first work on the database, however long it takes. Raises `SettingsError`, `StoreUnavailable`."""
        try:
            async with self._engine.begin() as connection:
                await self._check(connection)
                return await connection.run_sync(work)
        except Exception as error:
            known = _known(error)
            if known is None:
                raise
            kind = SettingsError if known.is_setting else StoreUnavailable
            raise kind(f"{self.name} {known.what}", hint=known.hint) from error

    async def _check(self, connection: AsyncConnection) -> None:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        encoding = driver.get_settings().server_encoding
        if encoding != "UTF8":
            message = f"{self.name} holds texts as {encoding}"
            raise SettingsError(message, hint="make the database with: createdb --encoding UTF8 --template template0")

    async def transaction(self, work: Callable[[Connection], T], *, reads: bool = False) -> T:
        """Do some work in a transaction, again if the server asks for it. Raises `StoreUnavailable`."""
        engine = self._reading if reads else self._engine

        async def once() -> T:
            async with engine.begin() as connection:
                return await connection.run_sync(work)

        return await self._repeated(once)

    async def statement(self, text: str, *values: object) -> list[asyncpg.Record]:
        """One statement, `$1` and so on for its values: a transaction of its own that costs one journey to the server.

        Repeated and raises as `transaction`.
        """

        async def once() -> list[asyncpg.Record]:
            async with self._engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                try:
                    return list(await driver.fetch(text, *values))
                except asyncpg.PostgresError:
                    raise
                except BaseException:  # nobody knows what it is at
                    await connection.invalidate()
                    raise

        return await self._repeated(once)

    async def listen(self, channel: str, told: Callable[[], None]) -> None:
        """Call `told` whenever another process notifies the channel, until the connection, one more, is lost.

        Raises `StoreUnavailable`.
        """
        lost = asyncio.Event()

        def hear(_: object, who: int, *__: object) -> None:
            if who not in self._ours:
                told()

        try:
            connection = await self._connect()
            try:
                connection.add_termination_listener(lambda _: lost.set())
                await connection.add_listener(channel, hear)
                await lost.wait()
            finally:
                connection.terminate()
        except Exception as error:
            self._say(error)
            raise

    async def _repeated(self, once: Callable[[], Awaitable[T]]) -> T:
        for pause in (*_PAUSES, None):
            try:
                async with asyncio.timeout(self._patience):
                    return await once()
            except Exception as error:
                if pause is None or _state(error) not in _REPEATED:
                    self._say(error)
                    raise
            await asyncio.sleep(pause)
        raise AssertionError  # the last round returns or raises

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees the database as it is at one moment, for as long as it takes."""
        try:
            async with self._reading.connect() as connection:
                yield await connection.execution_options(isolation_level="REPEATABLE READ")
        except Exception as error:
            self._say(error)
            raise

    def _say(self, error: Exception) -> None:
        """Raise the sentence for an error of the server; return if it shows a defect of ours."""
        known = _known(error)
        if known is not None:
            raise StoreUnavailable(f"{self.name} {known.what}", hint=known.hint) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()


def _name(url: str) -> str:
    """What sentences call the database: never with the password. Raises `SettingsError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
        asked = {name: values[-1] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
    except ValueError:
        raise _no_url() from None
    host = parts.hostname or asked.get("host") or "localhost"
    database = unquote(parts.path.lstrip("/")) or asked.get("dbname", "")
    if "@" in parts.path or parts.fragment or not database:
        raise _no_url()
    port_text = asked.get("port", "") if port is None else str(port)
    return f"the PostgreSQL database {database} on {host}{port_text and ':' + port_text}"


def _no_url() -> SettingsError:
    message = "the URL of the ledger is none of PostgreSQL; write postgresql://USER:PASSWORD@HOST/DATABASE"
    return SettingsError(message, hint="write @ / : # and the like in the password as %40 %2F %3A %23")


def _refuse_closed(connection: object, *_: object) -> None:
    """Before each transaction, at no cost: a connection that the server has closed is replaced."""
    driver = getattr(connection, "driver_connection", None)
    if driver is not None and driver.is_closed():
        raise DisconnectionError


def _state(error: BaseException) -> str:
    """The SQLSTATE of an error of the driver, bare or wrapped; empty if it has none."""
    inner = getattr(error, "orig", error)
    return str(getattr(inner, "sqlstate", None) or getattr(inner.__cause__, "sqlstate", None) or "")


def _known(error: BaseException) -> _Known | None:
    """What an error means to an operator, None where it shows a defect of ours."""
    state = _state(error)
    for length in (5, 3, 2):
        if state[:length] in _SENTENCES:
            return _SENTENCES[state[:length]]
    if state:
        return None
    if isinstance(error, PoolTimeoutError):
        return _BUSY
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return _NO_TRUST
    if "SSL" in str(error):
        return _NO_TLS
    is_closed = isinstance(error, DBAPIError) and error.connection_invalidated
    return _AWAY if is_closed or isinstance(error, OSError | TimeoutError | asyncpg.InterfaceError) else None
