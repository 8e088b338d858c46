"""What a step decides, as `decisions.jsonl` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, Step, TagPerson
from schemas.catalogue import RESERVED_EVENTS
from tests.reference.values import Value, as_type, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from segments.model import Expression
    from tests.reference.evaluate import View

__all__ = ["Acting", "act"]


class Acting(NamedTuple):
    """A decision's kind and params; `values`: the typed traits of a `set`."""

    kind: str
    params: dict[str, Any]
    values: dict[str, Value]


def act(step: Step, view: View, decision: str) -> Acting:
    """The decision that a step means at this moment."""
    match step:
        case SendMessage(template, channels):
            return Acting("send", {"template": template, "channels": list(channels)}, {})
        case IssueCoupon(pool, name):
            return Acting("issue_coupon", {"pool": pool, "as": name}, {})
        case TagPerson(tags, remove):
            return Acting("untag" if remove else "tag", {"tags": list(tags)}, {})
        case Assign(to):
            return Acting("assign", {"to": to}, {})
        case Invite(community, template, channels):
            message = {"template": template, "channels": list(channels)} if template is not None else {}
            return Acting("invite", {"community": community, **message}, {})
        case SetTraits():
            return _set(step, view)
        case Emit():
            return _emit(step, view, decision)
        case _:
            raise TypeError(step)


def _set(step: SetTraits, view: View) -> Acting:
    kinds = {name: kind.type for name, kind in view.playbook.catalogue.traits.items()}
    values = _values(step.values, kinds, view)
    return Acting("set", {"traits": {name: show(value, view.currency) for name, value in values.items()}}, values)


def _emit(step: Emit, view: View, decision: str) -> Acting:
    event = view.playbook.catalogue.events.get(step.event) or RESERVED_EVENTS[step.event]
    values = _values(step.properties, {name: kind.type for name, kind in event.properties.items()}, view)
    params = {
        "event": step.event,
        "id": decision,
        "person": view.person.id if step.person is None else view.value(step.person.expr),
        "properties": {name: show(value, view.currency) for name, value in values.items() if value is not None},
    }
    return Acting("emit", params, {})


def _values(expressions: Mapping[str, Expression], kinds: Mapping[str, str], view: View) -> dict[str, Value]:
    """The values in the types of the catalogue."""
    values = {name: view.value(expression.expr) for name, expression in expressions.items()}
    return {n: as_type(value, kinds[n], view.currency) if n in kinds else value for n, value in values.items()}
