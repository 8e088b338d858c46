"""Rules that start each other in a circle, and tags that make people go in and out of a segment by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.named import looked_into
from rules.lint.parts import running, steps_of, warning
from rules.model import Emit, Limit, SetTraits, TagPerson
from schemas.texts import say
from segments.normalise import STAGE
from segments.syntax import Call, Literal, Name, Select, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.model import Playbook, Rule
    from rules.read import Reading
    from schemas.findings import Finding
    from segments.definitions import Definitions
    from segments.model import Condition

__all__ = ["loops"]

_Rests = dict[str, frozenset[str]]
"""Segment, or `stage:<id>` → what it rests on: `tag:<name>`, `trait:<name>`, through other segments too."""


def loops(reading: Reading) -> Iterator[Finding]:
    """Flapping segments, and circles of rules that no limit ends."""
    rests = _rests(reading.playbook)
    rules = {rule.id: rule for rule in running(reading)}
    flapping = set()
    for rule in rules.values():
        partner = _flaps(rule, rules, rests)
        if partner is not None:
            flapping |= {rule.id, partner[0].id}
            yield _flapping(reading, rule, *partner)
    started = _started_by(rules, rests)
    follows = {id_: _followers(rule, started) for id_, rule in rules.items()}
    for circle in _circles(follows):
        if flapping.isdisjoint(circle) and all(rules[id_].limit == Limit() for id_ in circle):
            yield _loop(reading, circle)


def _loop(reading: Reading, circle: list[str]) -> Finding:
    chain = " → ".join([*circle, circle[0]])
    message = say("these rules start each other again and again: {chain}", chain=chain)
    hint = "give one of them a `limit`, or a condition that ends it"
    return warning(reading.places["rule", circle[0]], "rule_loop", message, hint, len(circle[0]))


def _flapping(reading: Reading, rule: Rule, other: Rule, tag: str, segment: str) -> Finding:
    message = say(
        "{segment!r} rests on the tag {tag!r}, which the rules {id!r} and {other!r} put on and take off when people "
        "enter and leave it",
        segment=segment,
        tag=tag,
        id=rule.id,
        other=other.id,
    )
    hint = "take the tag out of the condition, or use another tag"
    return warning(reading.places["rule", rule.id], "segment_flaps", message, hint, len(rule.id))


def _flaps(rule: Rule, rules: Mapping[str, Rule], rests: _Rests) -> tuple[Rule, str, str] | None:
    if rule.trigger.kind != "enters":
        return None
    put = _tags(rule, put=True)
    for segment in rule.trigger.names if put else ():
        for other in rules.values():
            if other.trigger.kind == "leaves" and segment in other.trigger.names:
                for tag in sorted(put & _tags(other, put=False)):
                    if f"tag:{tag}" in rests.get(segment, ()):
                        return other, tag, segment
    return None


def _tags(rule: Rule, *, put: bool) -> set[str]:
    return {
        tag for _, step in steps_of(rule) if isinstance(step, TagPerson) and step.remove is not put for tag in step.tags
    }


# -- who starts whom


def _started_by(rules: Mapping[str, Rule], rests: _Rests) -> dict[str, list[str]]:
    """What may start rules (`event:<name>`, `tag:<name>`, `trait:<name>`) → their ids."""
    out: dict[str, list[str]] = {}
    for id_, rule in rules.items():
        causes = set[str]()
        if rule.trigger.kind == "event":
            causes = {f"event:{name}" for name in rule.trigger.names}
        elif rule.trigger.kind != "schedule":
            causes = {cause for name in rule.trigger.names for cause in rests.get(name, ())}
        for cause in causes:
            out.setdefault(cause, []).append(id_)
    return out


def _followers(rule: Rule, started: Mapping[str, list[str]]) -> list[str]:
    causes: set[str] = set()
    for _, step in steps_of(rule):
        if isinstance(step, Emit):
            causes.add(f"event:{step.event}")
        elif isinstance(step, TagPerson):
            causes |= {f"tag:{tag}" for tag in step.tags}
        elif isinstance(step, SetTraits):
            causes |= {f"trait:{name}" for name in step.values}
    found = {id_ for cause in sorted(causes) for id_ in started.get(cause, ())}
    # Who has just entered must leave first, and that is another rule's doing, to enter again.
    return sorted(id_ for id_ in found if id_ != rule.id or rule.trigger.kind == "event")


def _circles(follows: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """A shortest circle through each rule that is in one, each circle once, from its first rule on."""
    seen: set[frozenset[str]] = set()
    for start in sorted(follows):
        circle = _way_back(start, follows)
        if circle is not None and frozenset(circle) not in seen:
            seen.add(frozenset(circle))
            at = circle.index(min(circle))
            yield circle[at:] + circle[:at]


def _way_back(start: str, follows: Mapping[str, list[str]]) -> list[str] | None:
    came_from: dict[str, str] = {}
    waiting = [start]
    for rule in waiting:
        for other in follows[rule]:
            if other == start:
                way = [rule]
                while way[-1] != start:
                    way.append(came_from[way[-1]])
                return way[::-1]
            if other not in came_from:
                came_from[other] = rule
                waiting.append(other)
    return None


# -- what segments rest on


def _rests(playbook: Playbook) -> _Rests:
    named = playbook.definitions
    direct = {segment.id: _directly(segment.when, named) for segment in playbook.segments.values()}
    earlier: frozenset[str] = frozenset()
    for stage in playbook.stages:
        own = frozenset[str]() if stage.when is None else _directly(stage.when, named)
        earlier |= own
        direct[STAGE + stage.id] = earlier
    any_stage = earlier
    return {name: _through(name, direct, any_stage) for name in direct}


def _through(name: str, direct: _Rests, any_stage: frozenset[str]) -> frozenset[str]:
    found, waiting = {name}, [name]
    out: set[str] = set()
    for each in waiting:
        for thing in sorted(direct.get(each, any_stage if each == "stage" else frozenset())):
            kind, _, rest = thing.partition(":")
            out.add(thing)
            if kind == "segment" and rest not in found:
                found.add(rest)
                waiting.append(rest)
            elif thing == "stage" and thing not in found:
                found.add(thing)
                waiting.append(thing)
    return frozenset(out)


def _directly(condition: Condition, definitions: Definitions) -> frozenset[str]:
    out = set()
    for expression in looked_into(condition, definitions):
        for node in walk(expression.expr):
            match node:
                case Call(function="has_tag", args=(Literal(value=str(name)),)):
                    out.add(f"tag:{name}")
                case Call(function="in_segment", args=(Literal(value=str(name)),)):
                    out.add(f"segment:{name}")
                case Select(operand=Name(name="profile"), field=field):
                    out.add("stage" if field == "stage" else f"trait:{field}")
    return frozenset(out)
