"""The state on Redis or Valkey: guarded read and guarded write of profiles, timers and position, each one script.

The server may lose its last second, or everything: the position is lost with the profiles, the guards notice it, and
the log is read again from there.
"""

from __future__ import annotations

from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Any

from redis.exceptions import NoScriptError

from schemas.errors import SettingsError
from stores.guards import moved
from stores.ports import Position, Saved
from stores.redis_errors import sentences
from stores.redis_scripts import BEGIN, KEYS, POSITION, READ, SCAN, WRITE, Script
from stores.redis_url import Client, address_of, client_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["RedisState", "connect_redis"]

_AT_ONCE = 2_000
"""People that a look at everybody takes at a time."""
_MOMENT = Struct(">q")
_NEVER = -(2**63)
Argument = str | int | bytes


async def connect_redis(url: str) -> RedisState:
    """Open a state and look whether the server may hold it. Raises `SettingsError`, `StoreUnavailable`."""
    address = address_of(url)
    state = RedisState(client_of(address), address.name, address.prefix)
    try:
        await state.check()
    except BaseException:
        await state.close()
        raise
    return state


class RedisState:
    """A state on a server, all its keys named `tl:PREFIX:{pN}:…`. Raises `StoreUnavailable`."""

    def __init__(self, client: Client, name: str, prefix: str) -> None:
        self._client, self._name, self._prefix = client, name, prefix

    async def check(self) -> None:
        """Refuse a server that throws keys away when its memory is full. Raises `SettingsError`."""
        with sentences(self._name):
            found = await self._client.command("INFO", "memory", **self._client.primaries)
        for info in found.values() if self._client.primaries else [found]:
            policy = info.get("maxmemory_policy", "")
            if policy.startswith("allkeys"):
                message = f"the state at {self._name} would throw profiles away: its maxmemory-policy is {policy}"
                raise SettingsError(message, hint="set maxmemory-policy to noeviction on that server")

    async def _run(self, script: Script, partition: int, *args: Argument) -> Any:  # noqa: ANN401 - as the script says
        """A script by its hash; a server that does not know it (any more) gets its text."""
        keys = [f"tl:{self._prefix}:{{p{partition}}}:{key}" for key in KEYS]
        with sentences(self._name):
            try:
                return await self._client.command("EVALSHA", script.sha, len(keys), *keys, *args)
            except NoScriptError:
                return await self._client.command("EVAL", script.text, len(keys), *keys, *args)

    async def _guarded(self, script: Script, partition: int, position: Position, *args: Argument) -> Sequence[Any]:
        """What a script gives at `position`. Raises `Moved`."""
        reply: list[Any]
        found, *reply = await self._run(script, partition, position.offset, position.chunk, *args)
        if not found:
            raise moved(partition, position, Position(int(reply[0]), int(reply[1])) if reply else None)
        return reply

    async def position(self, partition: int) -> tuple[Position, str] | None:
        """(position, log id) as stored, None when this partition was never begun, or a part of it was lost."""
        found = await self._run(POSITION, partition)
        if found is None:
            return None
        offset, chunk, cursor, program, sequence, log_id = found
        position = Position(int(offset), int(chunk), cursor.decode(), program.decode(), int(sequence))
        return position, log_id.decode()

    async def begin(self, partition: int, log_id: str, position: Position) -> None:
        """Store a first position; does nothing if there is one."""
        await self._run(BEGIN, partition, *position, log_id)

    async def read(
        self,
        partition: int,
        position: Position,
        people: Iterable[str],
        due_before: int | None = None,
        due_limit: int = 0,
    ) -> dict[str, Saved]:
        """Guarded read of `people` and of those due before `due_before` (unix ms). Raises `Moved`."""
        names = list(people)
        before: Argument = "" if due_before is None else due_before
        due, *profiles = await self._guarded(READ, partition, position, before, due_limit, *names)
        return dict(_saved(chain(names, map(bytes.decode, due)), profiles))

    async def scan(self, partition: int, position: Position, after: str, limit: int) -> list[tuple[str, Saved]]:
        """Guarded read of everybody in the order of person ids, from the one behind `after` on. Raises `Moved`."""
        names, *profiles = await self._guarded(SCAN, partition, position, after, limit)
        return list(_saved(map(bytes.decode, names), profiles))

    async def write(self, partition: int, position: Position, new: Position, states: Mapping[str, Saved]) -> None:
        """Guarded write: profiles, timers and the position, all or nothing. Raises `Moved`."""
        profiles: list[Argument] = []
        timers: list[Argument] = []
        timeless: list[Argument] = []
        for person, saved in states.items():
            profiles += (person, _MOMENT.pack(_NEVER if saved.due is None else saved.due) + saved.state)
            if saved.due is None:
                timeless.append(person)
            else:
                timers += (saved.due, person)
        sizes = len(profiles) // 2, len(timers) // 2
        await self._guarded(WRITE, partition, position, *new, *sizes, *profiles, *timers, *timeless)

    async def person(self, partition: int, person: str) -> Saved | None:
        """A look at one person, unguarded."""
        with sentences(self._name):
            found = await self._client.command("HGET", f"tl:{self._prefix}:{{p{partition}}}:u", person)
        return None if found is None else _unpacked(found)

    async def people(self, partition: int) -> list[tuple[str, Saved]]:
        """A look at everybody, in the order of person ids."""
        found: list[tuple[str, Saved]] = []
        after = ""
        while True:
            _, names, *profiles = await self._run(SCAN, partition, "", "", after, _AT_ONCE)
            found += _saved(map(bytes.decode, names), profiles)
            if len(names) < _AT_ONCE:
                return found
            after = names[-1].decode()

    async def checkpoint(self) -> bool:
        """A server may lose its last second, or be put back to a copy: nothing is sure here."""
        return False

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()


def _saved(names: Iterable[str], profiles: Iterable[Iterable[bytes | None]]) -> Iterator[tuple[str, Saved]]:
    """Everybody of `names` who has a profile; profiles come in several parts."""
    found = zip(names, chain.from_iterable(profiles), strict=True)
    return ((person, _unpacked(value)) for person, value in found if value is not None)


def _unpacked(value: bytes) -> Saved:
    (due,) = _MOMENT.unpack_from(value)
    return Saved(value[_MOMENT.size :], None if due == _NEVER else due)
