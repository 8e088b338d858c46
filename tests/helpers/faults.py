"""Stores that fail at a chosen call: before it does anything, or after it has been done and nobody heard of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Crash", "Faults", "Slow"]


class Crash(Exception):
    """The process ends here."""


@dataclass(slots=True)
class Faults:
    """Call number `at` (from 0, over all stores that are wrapped) fails once.

    `done`: what the call asked for has happened all the same. `error` makes what is raised. `calls` names every call.
    """

    at: int = -1
    done: bool = False
    error: Callable[[], Exception] = Crash
    calls: list[str] = field(default_factory=list)

    def around(self, store: Any) -> Any:  # noqa: ANN401 - any of the ports
        """The store, failing."""
        return _Wrapped(store, self._call)

    async def _call(self, name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the port gives
        number = len(self.calls)
        self.calls.append(name)
        if number == self.at and not self.done:
            raise self.error()
        result = await call()
        if number == self.at:
            raise self.error()
        return result


@dataclass(slots=True)
class Slow:
    """Lets others go first, before and after each call, as often as `turns` says next."""

    turns: Callable[[], int]

    def around(self, store: Any) -> Any:  # noqa: ANN401 - any of the ports
        """The store, slow."""
        return _Wrapped(store, self._call)

    async def _call(self, _name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the port gives
        await self._let_others()
        result = await call()
        await self._let_others()
        return result

    async def _let_others(self) -> None:
        for _ in range(self.turns()):
            await asyncio.sleep(0)


class _Wrapped:
    """A store whose coroutines go through `call`."""

    def __init__(self, store: Any, call: Callable[[str, Callable[[], Any]], Any]) -> None:  # noqa: ANN401 - any port
        self._store, self._call = store, call

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def called(*args: object, **kwargs: object) -> Any:  # noqa: ANN401 - what the port gives
            return await self._call(f"{type(self._store).__name__}.{name}", lambda: found(*args, **kwargs))

        return called
