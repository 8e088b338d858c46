"""Whether every message that a rule sends can be written: a text for each channel, a value for each variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.fields import did_you_mean
from rules.model import Invite, IssueCoupon, SendMessage
from schemas.catalogue import RESERVED_EVENTS
from schemas.findings import Finding, Mark, Severity
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook, Rule
    from rules.read import Reading
    from schemas.offers import Template

__all__ = ["check_messages"]

_ALWAYS_TRAITS = ("zone", "language")
_COMMUNITY = ("title", "join_url")
_COUPON = ("code", "expires", "pool")


def check_messages(reading: Reading) -> Iterator[Finding]:
    """Findings about every step that writes a message."""
    for rule in reading.playbook.rules.values():
        coupons: dict[str, str] = {}
        for index, step in enumerate(rule.then):
            if isinstance(step, IssueCoupon):
                coupons[step.name] = step.pool
            if not isinstance(step, SendMessage | Invite) or step.template is None:
                continue
            template = reading.playbook.templates[step.template]
            yield from _texts(reading, rule, index, step, template)
            if reading.typed and rule.id not in reading.broken:
                mark = reading.places["rule", rule.id, index, "template"]
                values = _Values(reading.playbook, rule, coupons, community=isinstance(step, Invite))
                yield from _variables(mark, template, values)


def _texts(
    reading: Reading, rule: Rule, index: int, step: SendMessage | Invite, template: Template
) -> Iterator[Finding]:
    for channel in step.channels:
        if channel not in template.channels:
            mark = reading.places["rule", rule.id, index, "channel", channel]
            message = say(
                "the template {id!r} has no text for the channel {channel!r}", id=template.id, channel=channel
            )
            hint = (
                say("it has: {names}", names=", ".join(sorted(template.channels))) if template.channels else "write one"
            )
            yield Finding(mark.file, mark.line, mark.column, "no_text", "error", message, hint, len(channel))


def _variables(mark: Mark, template: Template, values: _Values) -> Iterator[Finding]:
    for path in sorted(template.uses):
        fault = values.fault(path)
        if fault is not None:
            severity, message, hint = fault
            said = say("the template {id!r} needs {path!r}: {message}", id=template.id, path=path, message=message)
            yield Finding(mark.file, mark.line, mark.column, "missing_variable", severity, said, hint, len(template.id))


_Fault = tuple[Severity, str, str]


class _Values:
    """What a template can show at one step of a rule."""

    def __init__(self, playbook: Playbook, rule: Rule, coupons: dict[str, str], *, community: bool) -> None:
        self.catalogue, self.pools, self.trigger = playbook.catalogue, playbook.pools, rule.trigger
        self.coupons, self.community = dict(coupons), community

    def fault(self, path: str) -> _Fault | None:
        """Why there is nothing under a variable's path; None if there is."""
        root, _, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        if root in self.coupons:
            return self._coupon(self.coupons[root], name)
        if root == "event":
            return self._event(name)
        if root == "person":
            return _known(name, (*self.catalogue.traits, *_ALWAYS_TRAITS), "there is no such trait")
        if root == "community":
            unknown = _known(name, _COMMUNITY, "a community has no such part")
            return unknown if self.community else ("error", "only `invite` names a community", "send it with `invite`")
        if name in _COUPON:
            hint = say("put `- issue_coupon: {{pool: …, as: {root}}}` before it", root=root)
            return "error", say("no step before this one issues a coupon as {root!r}", root=root), hint
        return "error", "there is no such variable", did_you_mean(root, {"event", "person", *self.coupons})

    def _coupon(self, pool: str, name: str) -> _Fault | None:
        if name == "expires" and self.pools[pool].valid_for is None:
            return (
                "warning",
                say("coupons of {pool!r} do not expire", pool=pool),
                "give the pool a `valid_for`, or the variable a default",
            )
        return _known(name, _COUPON, "a coupon has no such part")

    def _event(self, name: str) -> _Fault | None:
        if self.trigger.kind == "schedule":
            return "error", "a schedule has no event", "show what is known of the person: person.…"
        if self.trigger.kind == "event":
            lacking = [event for event in self.trigger.names if not self._has(event, name)]
            return self._lacks(lacking[0], name) if lacking else None
        if any(self._has(event, name) for event in self.catalogue.events):
            return (
                "warning",
                "where time alone causes the change there is no event",
                "give it a default, or start the rule on an `event`",
            )
        return "error", "no event has such a property", ""

    def _has(self, event: str, name: str) -> bool:
        kind = self.catalogue.events.get(event)
        return event in RESERVED_EVENTS or kind is None or name in kind.properties

    def _lacks(self, event: str, name: str) -> _Fault:
        return (
            "error",
            say("{event} has no such property", event=event),
            did_you_mean(name, self.catalogue.events[event].properties),
        )


def _known(name: str, known: tuple[str, ...], message: str) -> _Fault | None:
    return None if not name or name in known else ("error", message, did_you_mean(name, known))
