"""Readers of what a rule does: its steps, those inside of others too."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules import read_values as v
from rules.fields import Fields, Read, Reader, check_name, duplicate, named, not_available
from rules.model import (
    Arm,
    Assign,
    Branch,
    Emit,
    Invite,
    IssueCoupon,
    SendMessage,
    SetTraits,
    Split,
    Step,
    Stop,
    TagPerson,
    WaitStep,
)
from rules.nodes import Entry, Mapping, Node, Scalar, Sequence
from rules.read_conditions import condition, expression
from rules.read_offers import channel
from rules.read_waits import WaitReader
from rules.references import References
from schemas.findings import Mark, Severity
from schemas.texts import say

__all__ = ["STEPS", "StepReader"]

_VARIABLES = ("event", "person", "community", "reply", "inputs")
_LATER = ("grant_points", "award")
_FEWEST_ARMS = 2


@dataclass(slots=True)
class StepReader:
    """Reads the steps of one rule. `triggers`: the events that start it, None where there may be none.

    `severity` of what is not available yet: a live rule cannot go without it.
    """

    rule: str
    references: References
    triggers: tuple[str, ...] | None
    severity: Severity
    ids: dict[str, Mark] = field(default_factory=dict)
    waits: WaitReader = field(init=False)
    _path: str = ""

    def __post_init__(self) -> None:
        self.waits = WaitReader(self.references, self.triggers)

    def steps(self, reader: Reader, node: Node) -> tuple[Step, ...]:
        """The list under `then`."""
        return self._list(reader, node, "")

    def _list(self, reader: Reader, node: Node, prefix: str) -> tuple[Step, ...]:
        """A list of steps whose paths begin with `prefix`."""
        if not isinstance(node, Sequence):
            reader.wrong_type(node, "a list of steps", "put `- ` before each step")
            return ()
        out: list[Step] = []
        for item in node.items:
            path = self._path = f"{prefix}{len(out)}"
            step = self._step(reader, item)
            if step is not None:
                reader.places["rule", self.rule, path] = item.mark
                out.append(step)
        return tuple(out)

    def _step(self, reader: Reader, node: Node) -> Step | None:
        if isinstance(node, Scalar) and node.value == "stop":
            return Stop()
        if isinstance(node, Scalar) and node.value in _LATER:
            not_available(reader, node.mark, str(node.value), self.severity)
            return None
        fields = Fields(reader, node, "a step")
        if any(key in fields for key in _LATER):
            fields.later(*_LATER, severity=self.severity)
            return None
        if "stop" in fields:
            mark = fields.entry("stop").key_mark
            reader.fault(mark, "not_allowed", "`stop` is a step by itself", "write `- stop`", length=len("stop"))
            return None
        actions = fields.first_of(*_ACTIONS, *_FLOW)
        id_ = fields.get("id", self._id)
        step = self._flow(reader, fields, actions[0], id_) if len(actions) == 1 and actions[0] in _FLOW else None
        if not actions:  # one unknown key is one fault: what belongs to an `iff:` is none by itself
            fields.first_of("then", "else", "arms")
        before = reader.errors
        fields.close()
        if len(actions) != 1:
            if actions or reader.errors == before:
                self._not_one(reader, fields, actions)
            return None
        if actions[0] in _FLOW:
            return step
        return _ACTIONS[actions[0]](self, reader, fields.entry(actions[0]).value, id_)

    def _not_one(self, reader: Reader, fields: Fields, actions: list[str]) -> None:
        allowed = say("a step is one of {names}, or the word stop", names=", ".join((*_ACTIONS, *_FLOW)))
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

    # -- actions
    def _send(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`send`", hint="write {template: NAME, channels: [email]}")
        template = fields.need("template", self.references.template)
        channels = self._channels(fields, needed=True)
        fields.close()
        self._message_places(reader, fields)
        return None if template is None else SendMessage(template, channels, id_)

    def _channels(self, fields: Fields, *, needed: bool) -> tuple[str, ...]:
        def named(reader: Reader, node: Node) -> str | None:
            value = channel(reader, node)
            if value is not None:
                reader.places.setdefault(("rule", self.rule, self._path, "channel", value), node.mark)
            return value

        read = v.one_or_more(named)
        channels = fields.need("channels", read) if needed else fields.get("channels", read)
        return tuple(dict.fromkeys(channels or ()))

    def _message_places(self, reader: Reader, fields: Fields) -> None:
        reader.places["rule", self.rule, self._path, "template"] = fields.place("template")

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
        fields = Fields(reader, node, "`invite`", hint="write {community: NAME}")
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
        fields = Fields(reader, node, "`assign`", hint="write {to: NAME}")
        to = fields.need("to", v.label)
        fields.close()
        return None if to is None else Assign(to, id_)

    def _emit(self, reader: Reader, node: Node, id_: str | None) -> Step | None:
        fields = Fields(reader, node, "`emit`", hint="write {event: NAME}")
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

    # -- what leads a run on
    def _flow(self, reader: Reader, fields: Fields, kind: str, id_: str | None) -> Step | None:
        """A step with steps inside. They are read last: what is read of this one goes by its own place."""
        node, path = fields.entry(kind).value, self._path
        if kind == "split":
            return self._split(reader, fields, node, id_)
        wait = self.waits.step(reader, node) if kind == "wait" else None
        held = condition(reader, node) if kind == "if" else None
        then, otherwise = (fields.get(key, self._inside(f"{path}.{key}.")) for key in ("then", "else"))
        if held is not None:
            self._need_then(reader, fields)
            return Branch(held, then or (), otherwise or (), id_)
        if wait is None:
            return None
        if not wait.events:
            self._no_branches(reader, fields)
        return WaitStep(wait, id_, then or (), otherwise or ())

    def _inside(self, prefix: str) -> Read[tuple[Step, ...]]:
        return lambda reader, node: self._list(reader, node, prefix)

    def _need_then(self, reader: Reader, fields: Fields) -> None:
        if "then" not in fields and "else" not in fields:
            mark = fields.entry("if").key_mark
            reader.fault(mark, "missing_key", "`if` leads nowhere", "add `then:` or `else:` with steps", length=2)

    def _no_branches(self, reader: Reader, fields: Fields) -> None:
        for key in ("then", "else"):
            if key in fields:
                message = say("`{key}` belongs to a wait for an `event`", key=key)
                hint = "put the steps behind this one: they run when the wait is over"
                reader.fault(fields.entry(key).key_mark, "not_allowed", message, hint, length=len(key))

    def _split(self, reader: Reader, fields: Fields, node: Node, id_: str | None) -> Step | None:
        salt = v.name(reader, node)
        entry = fields.need("arms", lambda _, arms: arms)
        if entry is None:
            return None
        path = self._path
        arms = {each.key: self._arm(reader, each, path) for each in named(reader, [entry], "arm")}
        drawable = len(arms) >= _FEWEST_ARMS and any(arm.weight for arm in arms.values())
        if not drawable and not reader.has_fault_at(entry.mark):
            hint = "name two arms or more: {a: {weight: 50, then: […]}, b: {weight: 50}}"
            reader.fault(entry.mark, "bad_split", "there is nothing to draw between", hint)
        return None if salt is None else Split(salt, arms, id_)

    def _arm(self, reader: Reader, entry: Entry, path: str) -> Arm:
        if "." in entry.key:
            message = say("the arm {name!r} may not hold a dot: its steps are named after it", name=entry.key)
            reader.fault(entry.key_mark, "bad_id", message, "write _ or -", length=len(entry.key))
        fields = Fields(reader, entry.value, say("arm {key!r}", key=entry.key), entry.key_mark)
        weight = fields.need("weight", v.natural)
        then = fields.get("then", self._inside(f"{path}.arms.{entry.key}."))
        fields.close()
        return Arm(weight or 0, then or ())


_ACTIONS = {
    "send": StepReader._send,  # noqa: SLF001 - a table of this class's own methods
    "issue_coupon": StepReader._issue_coupon,  # noqa: SLF001
    "tag": StepReader._tag,  # noqa: SLF001
    "untag": StepReader._untag,  # noqa: SLF001
    "set": StepReader._set,  # noqa: SLF001
    "invite": StepReader._invite,  # noqa: SLF001
    "assign": StepReader._assign,  # noqa: SLF001
    "emit": StepReader._emit,  # noqa: SLF001
}

_FLOW = ("wait", "if", "split")
STEPS = (*_ACTIONS, "if", "split")
"""Keys of steps that no rule has."""
