"""Readers of waits: how long, until when or for which event, and what ends the run meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Fields, Reader
from rules.model import Ending, Wait
from rules.nodes import Node, Scalar
from rules.read_conditions import condition
from rules.read_restraint import time_of_day
from rules.references import References
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["WaitReader"]

_KINDS = ("for", "until", "event")


@dataclass(slots=True)
class WaitReader:
    """Reads the waits of one rule. `triggers`: the events that start it, None where there may be none."""

    references: References
    triggers: tuple[str, ...] | None

    def own(self, reader: Reader, node: Node) -> Wait | None:
        """The wait of the rule itself, before its first step; it answers to no event."""
        wait = self.step(reader, node)
        if wait is not None and wait.events:
            mark = Fields(reader, node, "a wait").entry("event").key_mark
            hint = "make it the first step of `then`, with `then` and `else` of its own"
            reader.fault(mark, "not_allowed", "only a step waits for an event", hint, length=len("event"))
        return wait

    def step(self, reader: Reader, node: Node) -> Wait | None:
        """`1h`; or keys, among them one of `for`, `until`, `event`."""
        if isinstance(node, Scalar):
            length = v.duration(reader, node)
            return None if length is None else Wait(length)
        fields = Fields(reader, node, "a wait")
        kinds = fields.first_of(*_KINDS)
        self._check_kinds(reader, fields, kinds)
        length, within = fields.get("for", v.duration), fields.get("within", v.duration)
        until, same = fields.get("until", time_of_day), fields.get("same", v.label)
        answers = fields.get("event", v.one_or_more(self.references.event))
        endings = fields.get("unless", v.one_or_more(self._ending))
        names, unless = tuple(answers or ()), tuple(endings or ())
        held = fields.get("while", condition)
        fields.close({key: say("`{key}` stands beside `wait`, not in it", key=key) for key in ("then", "else")})
        self._check_answers(reader, fields, names, same, unless)
        if kinds != ["event"]:
            return None if (length, until) == (None, None) else Wait(length or 0, unless, until, condition=held)
        if not names or within is None:
            return None
        return Wait(within, unless, events=tuple(Ending(name, same) for name in names), condition=held)

    def _check_kinds(self, reader: Reader, fields: Fields, kinds: list[str]) -> None:
        """One kind of wait; `same` and `within` are of the wait for an event."""
        if fields.ok and not kinds:
            hint = 'write for: 1h, until: "09:00", or event: NAME with within: 3d'
            reader.fault(fields.mark, "missing_key", "the wait says neither how long nor for what", hint)
        for again in kinds[1:]:
            message = say("a wait has either `{kind}` or `{again}`", kind=kinds[0], again=again)
            hint = "make two waits of it, one after the other"
            if {kinds[0], again} == {"event", "for"}:
                hint = "how long an event is waited for is its `within`"
            reader.fault(fields.entry(again).key_mark, "not_allowed", message, hint, length=len(again))
        if kinds[:1] == ["event"]:
            fields.need("within", lambda _, node: node)
            return
        for key in ("within", "same"):
            if key in fields:
                message = say("`{key}` belongs to a wait for an `event`", key=key)
                reader.fault(fields.entry(key).key_mark, "not_allowed", message, "take it out", length=len(key))

    def _check_answers(
        self, reader: Reader, fields: Fields, names: tuple[str, ...], same: str | None, unless: Iterable[Ending]
    ) -> None:
        if same is not None:
            for name in names:
                self._check_same(reader, fields, name, same)
        for name in sorted({ending.event for ending in unless if ending.same is None} & set(names)):
            message = say("{name} ends the run before it could answer the wait", name=name)
            hint = "name it under `event` or under `unless`, not under both"
            reader.fault(fields.entry("unless").key_mark, "not_allowed", message, hint, length=len("unless"))

    def _ending(self, reader: Reader, node: Node) -> Ending | None:
        """An event that ends a run, or `{event: NAME, same: PROPERTY}`."""
        if isinstance(node, Scalar):
            event = self.references.event(reader, node)
            return None if event is None else Ending(event)
        fields = Fields(reader, node, "what ends a wait")
        event, same = fields.need("event", self.references.event), fields.get("same", v.label)
        fields.close()
        if event is None:
            return None
        if same is not None:
            self._check_same(reader, fields, event, same)
        return Ending(event, same)

    def _check_same(self, reader: Reader, fields: Fields, event: str, same: str) -> None:
        mark = fields.place("same")
        if self.triggers is None:
            message = "`same` needs the event that started the rule, and this rule may start without one"
            reader.fault(
                mark, "no_event", message, "take `same` out, or start the rule on an `event`", length=len(same)
            )
            return
        for each in dict.fromkeys((event, *self.triggers)):
            self.references.check_property(reader, mark, each, same)
