"""Readers of what a rule does: its steps, and the waits between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules import read_values as v
from rules.fields import Fields, Reader, check_name, duplicate, not_available
from rules.model import (
    Assign,
    Emit,
    Ending,
    Invite,
    IssueCoupon,
    SendMessage,
    SetTraits,
    Step,
    TagPerson,
    Wait,
    WaitStep,
)
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.read_conditions import expression
from rules.read_offers import channel
from rules.references import References
from schemas.findings import Mark, Severity
from schemas.texts import say

__all__ = ["StepReader"]

_VARIABLES = ("event", "person", "community")
_LATER = ("if", "split", "stop", "grant_points", "award")


@dataclass(slots=True)
class StepReader:
    """Reads the steps and waits of one rule. `triggers`: the events that start it, None where there may be none.

    `severity` of what is not available yet: a live rule cannot go without it.
    """

    rule: str
    references: References
    triggers: tuple[str, ...] | None
    severity: Severity
    ids: dict[str, Mark] = field(default_factory=dict)
    _index: int = 0

    def steps(self, reader: Reader, node: Node) -> tuple[Step, ...]:
        """The list under `then`."""
        if not isinstance(node, Sequence):
            reader.wrong_type(node, "a list of steps", "put `- ` before each step")
            return ()
        out: list[Step] = []
        for item in node.items:
            self._index = len(out)
            step = self._step(reader, item)
            if step is not None:
                reader.places["rule", self.rule, self._index] = item.mark
                out.append(step)
        return tuple(out)

    def _step(self, reader: Reader, node: Node) -> Step | None:
        if isinstance(node, Scalar) and node.value in _LATER:
            not_available(reader, node.mark, str(node.value), self.severity)
            return None
        fields = Fields(reader, node, "a step")
        if any(key in fields for key in _LATER):
            fields.later(*_LATER, severity=self.severity)
            return None
        actions = fields.first_of(*_ACTIONS)
        id_ = fields.get("id", self._id)
        fields.close()
        if len(actions) != 1:
            self._not_one(reader, fields, actions)
            return None
        return _ACTIONS[actions[0]](self, reader, fields.entry(actions[0]).value, id_)

    def _not_one(self, reader: Reader, fields: Fields, actions: list[str]) -> None:
        allowed = say("a step is one of {names}", names=", ".join(_ACTIONS))
        if actions:
            mark = fields.entry(actions[1]).key_mark
            message = say("{action!r} is a second action in one step", action=actions[1])
            reader.fault(mark, "two_actions", message, "start another step with `- `", length=len(actions[1]))
        elif fields.ok and not reader.has_fault_at(fields.mark):
            reader.fault(fields.mark, "no_action", "the step does nothing", allowed)

    def _id(self, reader: Reader, node: Node) -> str | None:
        """The id of a step: it goes into the decision's id, so it may not look like a place in the list."""
        value = v.text(reader, node)
        if value is None:
            return None
        check_name(reader, value, node.mark, "a step")
        if value[:1].isdigit():
            reader.fault(
                node.mark,
                "bad_id",
                say("the id {value!r} of a step begins with a digit", value=value),
                "begin it with a letter",
                length=len(value),
            )
        if value in self.ids:
            duplicate(reader, node.mark, say("the step {value!r}", value=value), self.ids[value])
        self.ids.setdefault(value, node.mark)
        return value

    # -- waits
    def wait(self, reader: Reader, node: Node) -> Wait | None:
        """`1h`, or `{for: 1h, unless: [...]}`."""
        if isinstance(node, Scalar):
            length = v.duration(reader, node)
            return None if length is None else Wait(length)
        fields = Fields(reader, node, "a wait")
        length = fields.need("for", v.duration)
        unless = fields.get("unless", v.one_or_more(self._ending)) or ()
        fields.later("while", severity=self.severity)
        fields.close()
        return None if length is None else Wait(length, tuple(unless))

    def _ending(self, reader: Reader, node: Node) -> Ending | None:
        """An event that ends a wait, or `{event: NAME, same: PROPERTY}`."""
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

    # -- actions
    def _send(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`send`")
        template = fields.need("template", self.references.template)
        channels = self._channels(fields, needed=True)
        fields.close()
        self._message_places(reader, fields)
        return None if template is None else SendMessage(template, channels, id_)

    def _channels(self, fields: Fields, *, needed: bool) -> tuple[str, ...]:
        def named(reader: Reader, node: Node) -> str | None:
            value = channel(reader, node)
            if value is not None:
                reader.places.setdefault(("rule", self.rule, self._index, "channel", value), node.mark)
            return value

        read = v.one_or_more(named)
        channels = fields.need("channels", read) if needed else fields.get("channels", read)
        return tuple(dict.fromkeys(channels or ()))

    def _message_places(self, reader: Reader, fields: Fields) -> None:
        reader.places["rule", self.rule, self._index, "template"] = fields.place("template")

    def _issue_coupon(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        if isinstance(node, Scalar):
            pool = self.references.pool(reader, node)
            return None if pool is None else IssueCoupon(pool, id=id_)
        fields = Fields(reader, node, "`issue_coupon`")
        pool, name = fields.need("pool", self.references.pool), fields.get("as", v.identifier)
        fields.close()
        if name in _VARIABLES:
            message = say("templates know something else as {name!r}", name=name)
            reader.fault(fields.place("as"), "reserved_name", message, "take another name: coupon", length=len(name))
        return None if pool is None else IssueCoupon(pool, name or "coupon", id_)

    def _tag(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        tags = v.one_or_more(v.label)(reader, node)
        return TagPerson(tuple(dict.fromkeys(tags)), id=id_) if tags else None

    def _untag(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        tags = v.one_or_more(v.label)(reader, node)
        return TagPerson(tuple(dict.fromkeys(tags)), remove=True, id=id_) if tags else None

    def _set(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        values = v.mapping_of(expression, self.references.trait)(reader, node)
        return SetTraits(values, id_) if values else None

    def _invite(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`invite`")
        community = fields.need("community", self.references.community)
        template = fields.get("template", self.references.template)
        channels = self._channels(fields, needed="template" in fields)
        fields.close()
        if "channels" in fields and "template" not in fields:
            hint = "name the template, or take the channels out"
            reader.fault(
                fields.entry("channels").key_mark, "missing_key", "an invitation with channels needs a template", hint
            )
        self._message_places(reader, fields)
        return None if community is None else Invite(community, template, channels, id_)

    def _assign(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`assign`")
        to = fields.need("to", v.label)
        fields.close()
        return None if to is None else Assign(to, id_)

    def _emit(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`emit`")
        event = fields.need("event", self.references.event)
        person = fields.get("person", expression)
        properties = fields.get("properties", v.mapping_of(expression))
        fields.close()
        if event is None:
            return None
        entry = fields.entry("properties").value if "properties" in fields else None
        for key in entry.entries.values() if isinstance(entry, Mapping) else ():
            self.references.check_property(reader, key.key_mark, event, key.key)
        return Emit(event, properties or {}, person, id_)

    def _wait(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        wait = self.wait(reader, node)
        return None if wait is None else WaitStep(wait, id_)


_ACTIONS = {
    "send": StepReader._send,  # noqa: SLF001 - a table of this class's own methods
    "issue_coupon": StepReader._issue_coupon,  # noqa: SLF001
    "tag": StepReader._tag,  # noqa: SLF001
    "untag": StepReader._untag,  # noqa: SLF001
    "set": StepReader._set,  # noqa: SLF001
    "invite": StepReader._invite,  # noqa: SLF001
    "assign": StepReader._assign,  # noqa: SLF001
    "emit": StepReader._emit,  # noqa: SLF001
    "wait": StepReader._wait,  # noqa: SLF001
}
