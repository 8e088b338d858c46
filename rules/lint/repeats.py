"""Rules that say again what another rule says already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rules.lint.named import names_of
from rules.lint.parts import running, steps_of, warning
from rules.model import Branch, Emit, SendMessage, SetTraits, Split, WaitStep
from schemas.texts import say
from segments.model import Condition, Either, Every, Leaf, Negation
from segments.syntax import Binary, Expr, unparse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.lint.named import Names
    from rules.model import Rule, Step, Wait
    from rules.read import Reading
    from schemas.findings import Finding

__all__ = ["repeats"]


_COMPARED = 200
"""With so many rules that start alike and do the same each is compared; nobody reads more."""


class _Shape(NamedTuple):
    """A rule as far as others can repeat it. `asks`: all that must hold, each as text."""

    start: tuple[object, ...]
    asks: frozenset[str]
    does: tuple[object, ...]


def repeats(reading: Reading) -> Iterator[Finding]:
    """Rules that do the same on the same occasion as one that stands before them, or to some of the same people."""
    alike: dict[object, list[tuple[Rule, _Shape]]] = {}
    names = names_of(reading.playbook)
    for rule in running(reading):
        shape = _shape(rule, names)
        if not shape.does:
            continue
        before = alike.setdefault((rule.status, shape.start, shape.does), [])
        for other in before[:_COMPARED]:
            found = _compared(reading, (rule, shape), other)
            if found is not None:
                yield found
                break
        before.append((rule, shape))


def _compared(reading: Reading, one: tuple[Rule, _Shape], other: tuple[Rule, _Shape]) -> Finding | None:
    (rule, shape), (first, known) = one, other
    if shape.asks == known.asks:
        message = say("the rule {id!r} says the same as {other!r}", id=rule.id, other=first.id)
        return warning(reading.places["rule", rule.id], "duplicate_rule", message, "take one away", len(rule.id))
    if not (shape.asks > known.asks or shape.asks < known.asks):
        return None
    narrow, wide = (rule, first) if shape.asks > known.asks else (first, rule)
    message = say("whom the rule {id!r} reaches gets the same from {other!r}", id=narrow.id, other=wide.id)
    hint = say("take it away, or exclude its people from {other!r} by `unless`", other=wide.id)
    return warning(reading.places["rule", narrow.id], "shadowed_rule", message, hint, len(narrow.id))


def _shape(rule: Rule, written: Names) -> _Shape:
    trigger = rule.trigger
    conditions = (written.condition(each) for each in (trigger.audience, rule.when) if each is not None)
    asked = frozenset(text for condition in conditions for text in _asked(condition))
    unless = frozenset[str]() if rule.unless is None else frozenset({f"!({_text(written.condition(rule.unless))})"})
    names = tuple(sorted(trigger.names))
    start = (trigger.kind, names, trigger.schedule, _waited(rule.wait), rule.valid, rule.canary)
    return _Shape(start, asked | unless, tuple((path, _done(step)) for path, step in steps_of(rule)))


def _asked(condition: Condition) -> Iterator[str]:
    match condition:
        case Every(items):
            for item in items:
                yield from _asked(item)
        case Leaf(expression):
            yield from _conjuncts(expression.expr)
        case _:
            yield _text(condition)


def _conjuncts(expr: Expr) -> Iterator[str]:
    match expr:
        case Binary(op="&&", left=left, right=right):
            yield from _conjuncts(left)
            yield from _conjuncts(right)
        case _:
            yield unparse(expr)


def _text(condition: Condition) -> str:
    match condition:
        case Leaf(expression):
            return unparse(expression.expr)
        case Negation(item):
            return f"!({_text(item)})"
        case Every(items):
            return " && ".join(sorted(f"({_text(item)})" for item in items))
        case Either(items):
            return " || ".join(sorted(f"({_text(item)})" for item in items))
    raise AssertionError(condition)


def _done(step: Step) -> object:
    """What a step does, whatever it is called and wherever its expressions stand."""
    match step:
        case SetTraits(values=values):
            return "set", tuple(sorted((name, unparse(value.expr)) for name, value in values.items()))
        case Emit(event=event, properties=properties, person=person):
            said = tuple(sorted((name, unparse(value.expr)) for name, value in properties.items()))
            return "emit", event, said, None if person is None else unparse(person.expr)
        case SendMessage(template=template):
            return "send", template
        case WaitStep(wait=wait):
            return _waited(wait)
        case Branch(condition=condition):
            return "if", _text(condition)
        case Split(salt=salt, arms=arms):
            return "split", salt, tuple((name, arm.weight) for name, arm in arms.items())
    return replace(step, id=None)


def _waited(wait: Wait | None) -> object:
    """A wait, wherever its condition stands."""
    if wait is None or wait.condition is None:
        return wait
    return replace(wait, condition=None), _text(wait.condition)
