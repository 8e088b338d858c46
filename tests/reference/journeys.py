"""Strategies of what rules do: steps, waits, branches and splits, one inside another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from hypothesis import strategies as st

from rules.model import (
    Action,
    Arm,
    Assign,
    Branch,
    Emit,
    Ending,
    Invite,
    IssueCoupon,
    SendMessage,
    SetTraits,
    Split,
    Step,
    Stop,
    TagPerson,
    Wait,
    WaitStep,
    walk_steps,
)
from schemas.times import DAY, HOUR
from segments.model import Condition, Either, Every, Expression, Leaf, Negation
from segments.syntax import parse
from tests.reference.phrases import MARKS, condition_text, reply_test

__all__ = ["Setting", "conditions", "expression", "maybe", "steps", "waits"]

T = TypeVar("T")

_WAITS = (HOUR, 6 * HOUR, DAY, 2 * DAY)
_CLOCKS = (0, 30, 90, 150, 540, 1439)
"""Minutes after midnight; most zones change their clocks at one of the first."""
_ENDINGS = (
    Ending("order.paid"),
    Ending("visit"),
    Ending("promo"),
    Ending("order.cancelled", "order_id"),
    Ending("ping", "order_id"),
)
_DEEPEST = 2


@dataclass(frozen=True, slots=True)
class Setting:
    """What steps may name. `tests`: of the person and the event that began the run; `reply`: what answered a wait."""

    tests: st.SearchStrategy[str]
    timed: bool
    emits: bool
    reply: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Setting"  # the strategies in it would fill pages

    def condition(self, draw: st.DrawFn) -> Condition:
        """A condition in the middle of a run."""
        own = conditions(self.tests)
        return draw(st.one_of(own, conditions(reply_test(self.reply))) if self.reply else own)


def maybe(strategy: st.SearchStrategy[T], one_in: int) -> st.SearchStrategy[T | None]:
    """Mostly nothing."""
    return st.integers(1, one_in).flatmap(lambda drawn: strategy if drawn == one_in else st.none())


def _leaf(text: str) -> Leaf:
    return Leaf(expression(text))


def expression(text: str) -> Expression:
    """A parsed expression."""
    return Expression(text, parse(text))


def conditions(tests: st.SearchStrategy[str]) -> st.SearchStrategy[Condition]:
    """A condition as `when` may hold it."""
    leaf = condition_text(tests).map(_leaf)
    pair = st.tuples(leaf, leaf)
    return st.one_of(leaf, leaf, leaf, pair.map(Every), pair.map(Either), leaf.map(Negation))


_values = {
    "city": ('"Rome"', "meta.name", "profile.stage"),
    "level": ("2", 'count("visit", "1d")', "profile.level + 1"),
    "deadline": ("now", 'now + duration("6h")', 'last("order.paid")'),
    "spent": ('max("order.paid", "amount", "1d")', "33.33", 'sum("order.paid", "amount", "1d") * 2'),
    "vip": ("true", 'count("visit", "1d") > 1'),
    "zone": ('"Asia/Tokyo"', "profile.city"),
}


@st.composite
def _set_traits(draw: st.DrawFn, *, timed: bool) -> SetTraits:
    names = draw(st.lists(st.sampled_from(sorted(_values)), min_size=1, max_size=2, unique=True))
    texts = {name: draw(st.sampled_from([t for t in _values[name] if timed or "meta" not in t])) for name in names}
    return SetTraits({name: expression(text) for name, text in texts.items()})


_emitted = st.sampled_from(
    (
        Emit("promo", {"level": expression("2"), "spent": expression("19.99"), "at": expression("now")}),
        Emit("promo", {"level": expression('count("*", "1d")'), "spent": expression("33.335")}),
        Emit("visit", {"sku": expression('"A1"')}),
        Emit("promo", {"spent": expression('avg("order.paid", "amount", "1d")')}),
        Emit("promo", {}, expression('"somebody else"')),
    )
)


_OTHERS: tuple[Step, ...] = (
    IssueCoupon("gift"),
    Assign("team"),
    Invite("club"),
    Invite("club", "hello", ("email",)),
    SendMessage("receipt", ("email",)),
    Invite("club", "receipt", ("email",)),
)
_REPLIED: tuple[Step, ...] = (
    Emit("promo", {"spent": expression("reply.amount"), "at": expression("now")}),
    SetTraits({"city": expression("reply.sku")}),
    SetTraits({"spent": expression("reply.amount * 2")}),
)


@st.composite
def _actions(draw: st.DrawFn, setting: Setting) -> Step:
    kinds = ("send", "tag", "tag", "untag", "set", "other", *(["emit", "reply"] if setting.emits else []))
    match draw(st.sampled_from(kinds)):
        case "send":
            return SendMessage("hello", ("email", "sms"), draw(st.sampled_from((None, "first"))))
        case "tag" | "untag" as kind:
            tags = draw(st.lists(st.sampled_from(MARKS), min_size=1, max_size=2, unique=True))
            return TagPerson(tuple(tags), remove=kind == "untag")
        case "set":
            return draw(_set_traits(timed=setting.timed))
        case "emit":
            return draw(_emitted)
        case "reply" if setting.reply == ("order.paid",):
            return draw(st.sampled_from(_REPLIED))
    return draw(st.sampled_from(_OTHERS))


@st.composite
def waits(draw: st.DrawFn, setting: Setting) -> Wait:
    """A wait for a length of time, or until a time of day."""
    unless = tuple(draw(st.lists(st.sampled_from(_ENDINGS), max_size=2, unique=True)))
    held = setting.condition(draw) if draw(st.integers(0, 3)) == 0 else None
    if draw(st.integers(0, 3)) == 0:
        return Wait(0, unless, draw(st.sampled_from(_CLOCKS)), condition=held)
    return Wait(draw(st.sampled_from(_WAITS)), unless, condition=held)


@st.composite
def _for_events(draw: st.DrawFn, setting: Setting, depth: int) -> WaitStep:
    unless = tuple(draw(st.lists(st.sampled_from(_ENDINGS), max_size=1)))
    events = tuple(draw(st.lists(st.sampled_from(_ENDINGS), min_size=1, max_size=2, unique=True)))
    held = setting.condition(draw) if draw(st.integers(0, 4)) == 0 else None
    wait = Wait(draw(st.sampled_from((6 * HOUR, *_WAITS, 4 * DAY))), unless, events=events, condition=held)
    answered = replace(setting, reply=tuple(dict.fromkeys(ending.event for ending in events)))
    return WaitStep(wait, None, _inner(draw, answered, depth), _inner(draw, setting, depth))


@st.composite
def _splits(draw: st.DrawFn, setting: Setting, depth: int) -> Split:
    weights = draw(st.sampled_from(((1, 1), (0, 1), (30, 70), (1, 1, 1))))
    arms = {name: Arm(weight, _inner(draw, setting, depth)) for name, weight in zip("abc", weights, strict=False)}
    return Split(draw(st.sampled_from(("greeting", "colour"))), arms)


def _inner(draw: st.DrawFn, setting: Setting, depth: int) -> tuple[Step, ...]:
    return tuple(draw(_step(setting, depth + 1)) for _ in range(draw(st.integers(0, 2))))


@st.composite
def _step(draw: st.DrawFn, setting: Setting, depth: int) -> Step:
    leading = () if depth == _DEEPEST else ("if", "event", "event", "split")
    match draw(st.sampled_from(("act", "act", "act", "act", "wait", *leading, *(("stop",) if depth else ())))):
        case "wait":
            return WaitStep(draw(waits(setting)))
        case "if":
            return Branch(setting.condition(draw), _inner(draw, setting, depth), _inner(draw, setting, depth))
        case "event":
            return draw(_for_events(setting, depth))
        case "split":
            return draw(_splits(setting, depth))
        case "stop":
            return Stop()
    return draw(_actions(setting))


@st.composite
def steps(draw: st.DrawFn, setting: Setting) -> tuple[Step, ...]:
    """The steps of a rule; not only waits."""
    made = tuple(draw(_step(setting, 0)) for _ in range(draw(st.integers(1, 3))))
    return made if any(isinstance(step, Action) for _, step in walk_steps(made)) else (*made, TagPerson(MARKS))
