"""Whether every message that a rule sends can be written: a text for each channel, a value for each variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.hints import did_you_mean
from rules.model import Invite, IssueCoupon, SendMessage, Stop, WaitStep, branches
from rules.read_offers import BENEFITS
from schemas.catalogue import RESERVED_EVENTS
from schemas.findings import Finding, Mark, Severity
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from rules.model import Playbook, Rule, Step
    from rules.read import Reading
    from schemas.offers import Template

__all__ = ["check_messages"]

_ALWAYS_TRAITS = ("zone", "language")
_COMMUNITY = ("title", "join_url")
_COUPON = ("code", "expires", "pool", *BENEFITS, "minimum")


Coupons = dict[str, tuple[str, ...]]
"""Names under which a template may show coupons here → the pools that they may be of."""


def check_messages(reading: Reading) -> Iterator[Finding]:
    """Findings about every step that writes a message."""
    for rule in reading.playbook.rules.values():
        yield from _Messages(reading, rule).steps(rule.then, "", {}, ())


class _Messages:
    """The messages of one rule, each with what is known where it stands."""

    def __init__(self, reading: Reading, rule: Rule) -> None:
        self.reading, self.rule = reading, rule

    def steps(
        self, steps: tuple[Step, ...], prefix: str, coupons: Coupons, reply: tuple[str, ...]
    ) -> Generator[Finding, None, Coupons | None]:
        """A list of steps. Gives the coupons that are known behind it, None if no run comes that far."""
        for index, step in enumerate(steps):
            path = f"{prefix}{index}"
            yield from self._step(step, path, coupons, reply)
            if isinstance(step, IssueCoupon):
                coupons = {**coupons, step.name: (step.pool,)}
            inner: list[Coupons | None] = []
            for name, branch in branches(step):
                replies = reply
                if isinstance(step, WaitStep) and name == "then":
                    replies = tuple(each.event for each in step.wait.events)
                inner.append((yield from self.steps(branch, f"{path}.{name}.", coupons, replies)))
            known = _on_all_ways(inner) if inner else coupons
            if known is None or isinstance(step, Stop):
                return None
            coupons = known
        return coupons

    def _step(self, step: Step, path: str, coupons: Coupons, reply: tuple[str, ...]) -> Iterator[Finding]:
        reading, rule = self.reading, self.rule
        if not isinstance(step, SendMessage | Invite) or step.template is None:
            return
        template = reading.playbook.templates[step.template]
        yield from self._texts(path, step, template)
        if reading.typed and rule.id not in reading.broken:
            mark = reading.places["rule", rule.id, path, "template"]
            values = _Values(reading.playbook, rule, coupons, reply, community=isinstance(step, Invite))
            yield from _variables(mark, template, values)

    def _texts(self, path: str, step: SendMessage | Invite, template: Template) -> Iterator[Finding]:
        for channel in step.channels:
            if channel not in template.channels:
                mark = self.reading.places["rule", self.rule.id, path, "channel", channel]
                message = say(
                    "the template {id!r} has no text for the channel {channel!r}", id=template.id, channel=channel
                )
                known = ", ".join(sorted(template.channels))
                hint = say("it has: {names}", names=known) if template.channels else "write one"
                yield Finding(mark.file, mark.line, mark.column, "no_text", "error", message, hint, len(channel))


def _on_all_ways(inner: list[Coupons | None]) -> Coupons | None:
    """What is known behind branches: what each of them that ends there has issued or found."""
    ways = [coupons for coupons in inner if coupons is not None]
    if not ways:
        return None
    names = set(ways[0]).intersection(*ways)
    return {name: tuple(dict.fromkeys(pool for way in ways for pool in way[name])) for name in sorted(names)}


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

    def __init__(
        self, playbook: Playbook, rule: Rule, coupons: Coupons, reply: tuple[str, ...], *, community: bool
    ) -> None:
        self.catalogue, self.pools, self.trigger = playbook.catalogue, playbook.pools, rule.trigger
        self.coupons, self.reply, self.community = coupons, reply, community
        missing = (name for base, name in playbook.definitions.missing if base == "inputs")
        self.inputs = (*playbook.definitions.inputs, *missing)  # of those that are missing it is said already

    def fault(self, path: str) -> _Fault | None:
        """Why there is nothing under a variable's path; None if there is."""
        root, _, rest = path.partition(".")
        name = rest.split(".")[0].split("[")[0]
        if root in self.coupons:
            return self._coupon(self.coupons[root], name)
        if root == "event":
            return self._event(name)
        if root == "reply":
            return self._reply(name)
        if root == "person":
            return _known(name, (*self.catalogue.traits, *_ALWAYS_TRAITS), "there is no such trait")
        if root == "inputs":
            return _known(name, self.inputs, "there is no such input")
        if root == "community":
            unknown = _known(name, _COMMUNITY, "a community has no such part")
            return unknown if self.community else ("error", "only `invite` names a community", "send it with `invite`")
        if name in _COUPON:
            hint = say("put `- issue_coupon: {{pool: …, as: {root}}}` before it, on every way here", root=root)
            return "error", say("no step before this one issues a coupon as {root!r}", root=root), hint
        return self._unknown(root, name)

    def _unknown(self, root: str, name: str) -> _Fault:
        if root == "profile":
            hint = say("in a text it is called {name}", name=f"person.{name}")
            return "error", "conditions say profile, texts say person", hint
        names = {"event", "person", "inputs", *self.coupons, *(["reply"] if self.reply else [])}
        return "error", "there is no such variable", did_you_mean(root, names)

    def _coupon(self, pools: tuple[str, ...], name: str) -> _Fault | None:
        endless = [pool for pool in pools if self.pools[pool].valid_for is None]
        if name == "expires" and endless:
            return (
                "warning",
                say("coupons of {pool!r} do not expire", pool=endless[0]),
                "give the pool a `valid_for`, or the variable a default",
            )
        if name in {*BENEFITS, "minimum"}:
            return self._worth(pools, name)
        return _known(name, _COUPON, "a coupon has no such part")

    def _worth(self, pools: tuple[str, ...], name: str) -> _Fault | None:
        """A part of what coupons of these pools are worth: of all of them whose benefit could be read."""
        benefits = {pool: self.pools[pool].benefit for pool in pools}
        lacking = [pool for pool, benefit in benefits.items() if benefit.keys() & BENEFITS and name not in benefit]
        if not lacking:
            return None
        message = say("coupons of {pool!r} have no {name!r}", pool=lacking[0], name=name)
        if name == "minimum":
            return "warning", message, "give the pool's benefit a `minimum`, or the variable a default"
        return "error", message, say("they have: {names}", names=", ".join(sorted(self.pools[lacking[0]].benefit)))

    def _event(self, name: str) -> _Fault | None:
        if self.trigger.kind == "schedule":
            return "error", "a schedule has no event", "show what is known of the person: person.…"
        if self.trigger.kind == "event":
            return self._of_all(self.trigger.names, name)
        if any(self._has(event, name) for event in self.catalogue.events):
            return (
                "warning",
                "where time alone causes the change there is no event",
                "give it a default, or start the rule on an `event`",
            )
        return "error", "no event has such a property", ""

    def _reply(self, name: str) -> _Fault | None:
        if not self.reply:
            hint = "send it under the `then` of a wait for an event"
            return "error", "no event has answered a wait here", hint
        return self._of_all(self.reply, name)

    def _of_all(self, events: tuple[str, ...], name: str) -> _Fault | None:
        """A property that each of these events must have."""
        lacking = [event for event in events if not self._has(event, name)]
        return self._lacks(lacking[0], name) if lacking else None

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
