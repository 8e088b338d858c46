"""Readers of rules: what starts one, under which conditions, how often, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from rules import read_values as v
from rules.fields import Fields, Reader, named
from rules.model import Limit, Rule, Stop, Trigger, walk_steps
from rules.nodes import Entry, Mapping, Node, Scalar
from rules.read_conditions import condition, exception
from rules.read_lifetime import check_canary, if_late, share, validity
from rules.read_schedules import scheduled
from rules.read_steps import STEPS, StepReader
from schemas.catalogue import RESERVED_EVENTS
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Sequence as List

    from rules.model import Step
    from rules.references import References
    from schemas.findings import Severity

__all__ = ["rules"]

_TRIGGERS = ("event", "enters", "leaves", "schedule")
_STATUSES = ("draft", "shadow", "live", "retired")
_RUNNING = ("parallel", "ignore", "restart")
_CHANGES = ("finish", "stop", "migrate")
_LATER = ("quiet_hours", "caps")
_EVERYBODY = Trigger("event")
"""Stands in for a trigger that could not be read; it never fires."""


def rules(reader: Reader, nodes: List[Node], references: References) -> tuple[dict[str, Rule], frozenset[str]]:
    """The rules by id, and the ids of those that could not be read whole."""
    out, broken = {}, set()
    for entry in named(reader, nodes, "rule"):
        before = reader.errors + reader.gaps
        out[entry.key] = _rule(reader, entry, references)
        if reader.errors + reader.gaps > before:
            broken.add(entry.key)
    return out, frozenset(broken)


def _rule(reader: Reader, entry: Entry, references: References) -> Rule:
    fields = Fields(reader, entry.value, say("rule {key!r}", key=entry.key), entry.key_mark)
    reader.places["rule", entry.key] = entry.key_mark
    title, status = fields.get("title", v.text), fields.get("status", v.one_of(*_STATUSES))
    severity: Severity = "error" if (status or "live") == "live" else "warning"
    trigger = _trigger(reader, fields, references)
    starts = trigger.names if trigger.kind == "event" else None
    steps = StepReader(entry.key, references, starts, severity)
    when, unless = fields.get("when", condition), fields.get("unless", exception)
    wait, limit = fields.get("wait", steps.waits.own), fields.get("limit", _limit)
    priority, expires = fields.get("priority", v.integer), fields.get("expires", v.duration)
    running, valid = fields.get("if_running", v.one_of(*_RUNNING)), fields.get("valid", validity)
    canary, late = fields.get("canary", share), fields.get("if_late", if_late)
    owner, notes = fields.get("owner", v.label), fields.get("notes", v.text)
    change = fields.get("on_change", v.one_of(*_CHANGES))
    then = fields.need("then", steps.steps)
    fields.waive()
    fields.later(*_LATER)
    fields.close({key: say("`{key}` is a step: write it in the list under `then`", key=key) for key in STEPS})
    if "canary" in fields:
        check_canary(reader, fields.entry("canary").key_mark, status or "live")
    if change == "migrate":
        _check_ids(reader, entry.key, then or ())
    if limit is not None and limit.once_per is not None:
        _check_once_per(reader, fields, limit.once_per, trigger, references)
    return Rule(
        id=entry.key,
        trigger=trigger,
        then=then or (),
        title=title or "",
        status=cast('Literal["draft", "shadow", "live", "retired"]', status or "live"),
        when=when,
        unless=unless,
        wait=wait,
        limit=limit or Limit(),
        priority=50 if priority is None else priority,
        expires=expires,
        if_running=cast('Literal["parallel", "ignore", "restart"]', running or "parallel"),
        valid=valid,
        canary=canary,
        if_late=late,
        on_change=cast('Literal["finish", "stop", "migrate"]', change or "finish"),
        owner=owner or "",
        notes=notes or "",
    )


def _check_ids(reader: Reader, rule: str, steps: tuple[Step, ...]) -> None:
    """A run finds its step again by the step's id."""
    for path, step in walk_steps(steps):
        if step.id is None and not isinstance(step, Stop):
            message, hint = "a run that migrates goes by the ids of steps, and this has none", "add `id:` to the step"
            reader.fault(reader.places["rule", rule, path], "missing_key", message, hint)


# -- what starts it


def _trigger(reader: Reader, fields: Fields, references: References) -> Trigger:
    found = fields.first_of(*_TRIGGERS)
    audience = fields.get("audience", condition)
    if not found and fields.ok and "on" not in fields:  # which has been answered with `event:`
        message: str = say("{what} has nothing that starts it", what=fields.what)
        reader.fault(fields.mark, "no_trigger", message, say("write one of {names}", names=", ".join(_TRIGGERS)))
    for again in found[1:]:
        message = say("{again!r} is a second trigger; {found!r} stands there already", again=again, found=found[0])
        reader.fault(fields.entry(again).key_mark, "two_triggers", message, "make two rules of it", length=len(again))
    if "audience" in fields and found[:1] != ["schedule"]:
        message = "`audience` belongs to a schedule"
        reader.fault(
            fields.entry("audience").key_mark, "not_allowed", message, "write the condition under `when`", length=8
        )
    if not found:
        return _EVERYBODY
    kind, node = found[0], fields.entry(found[0]).value
    if kind == "schedule":
        return scheduled(reader, node, audience, references)
    name = references.event if kind == "event" else references.change
    names = v.one_or_more(name)(reader, node) or ()
    return Trigger(cast('Literal["event", "enters", "leaves"]', kind), tuple(dict.fromkeys(names)))


# -- how often


def _limit(reader: Reader, node: Node) -> Limit | None:
    if isinstance(node, Scalar):
        return Limit(once=True) if v.one_of("once")(reader, node) else None
    fields = Fields(reader, node, "a limit")
    once, within = fields.get("once", v.boolean), fields.get("once_within", v.duration)
    per, most = fields.get("once_per", v.label), fields.get("max", _most)
    fields.close()
    if isinstance(node, Mapping) and not node.entries:
        reader.fault(
            node.mark,
            "empty",
            "the limit says nothing",
            "write once, {once_within: 24h}, {once_per: order_id} or {max: …}",
        )
    many, span = most or (None, None)
    return Limit(once is True, within, per, many, span)


def _most(reader: Reader, node: Node) -> tuple[int | None, int | None]:
    fields = Fields(reader, node, "`max`")
    many, within = fields.need("count", v.count), fields.need("within", v.duration)
    fields.close()
    return many, within


def _check_once_per(reader: Reader, fields: Fields, name: str, trigger: Trigger, references: References) -> None:
    limit = Fields(reader, fields.entry("limit").value, "a limit")
    mark = limit.place("once_per")
    if trigger.kind == "schedule":
        message = "a schedule has no event, so nobody would ever get through `once_per`"
        reader.fault(mark, "no_event", message, "use once_within", length=len(name))
    elif trigger.kind == "event":
        for event in trigger.names:
            references.check_property(reader, mark, event, name)
    elif references.typed and not any(
        references.has_property(event, name) for event in (*references.catalogue.events, *RESERVED_EVENTS)
    ):
        reader.fault(mark, "unknown_property", say("no event has a property {name!r}", name=name), "", length=len(name))
