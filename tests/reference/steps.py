"""What a step decides, as `decisions.jsonl` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, Step, TagPerson, WaitStep
from tests.reference.values import Value, as_type, show

if TYPE_CHECKING:
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
        case WaitStep():
            raise TypeError(step)


def _set(step: SetTraits, view: View) -> Acting:
    kinds = view.playbook.catalogue.traits
    values = {name: view.value(expression.expr) for name, expression in step.values.items()}
    values = {n: as_type(value, kinds[n].type, view.currency) if n in kinds else value for n, value in values.items()}
    return Acting("set", {"traits": {name: show(value, view.currency) for name, value in values.items()}}, values)


def _emit(step: Emit, view: View, decision: str) -> Acting:
    values = {name: view.value(expression.expr) for name, expression in step.properties.items()}
    known = {name: show(value, view.currency) for name, value in values.items() if value is not None}
    params = {
        "event": step.event,
        "id": decision,
        "person": view.person.id if step.person is None else view.value(step.person.expr),
        "properties": known,
    }
    return Acting("emit", params, {})
