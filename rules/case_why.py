"""Why a test failed: of a decision that is missing what its rules answered, of one too many why it was made.

The reasons are those of `rules.explain`, of the moment at which a rule was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.case_ways import deed_text
from rules.explain import reason_lines
from rules.model import Assign, Emit, Invite, IssueCoupon, SendMessage, SetTraits, TagPerson
from rules.starting import REFUSALS
from rules.verdicts import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.case_trace import Decided, Happened, Look, Order, Went
    from rules.cases import Case, Wanted
    from rules.model import Step
    from rules.program import CompiledRule, Program
    from rules.route import Station
    from rules.verdicts import Miss
    from segments.explain import Reason

__all__ = ["makers_of", "why"]

_RULES, _LOOKS, _PEOPLE = 3, 3, 3


class _Why:
    def __init__(self, program: Program, case: Case, happened: Happened) -> None:
        self.program, self.case, self.happened = program, case, happened
        workspace = program.playbook.workspace
        self.zone, self.currency = workspace.zone, workspace.currency
        self.clock = Clock(case.start, workspace.zone)

    # -- a decision that is missing
    def missing(self, wanted: Wanted) -> Iterator[str]:
        rules = makers_of(self.program, wanted)
        if not rules:
            yield "no rule decides this: no step of a live or shadow rule is like it"
        for rule in rules[:_RULES]:
            yield from self._rule(rule, wanted)

    def _rule(self, rule: CompiledRule, wanted: Wanted) -> Iterator[str]:
        looks = [look for look in self.happened.looks if look.rule == rule.id and _concerns(look, wanted)]
        if not looks:
            yield from self._never_asked(rule, wanted)
        for look in looks[-_LOOKS:]:
            yield from self._look(rule, look)

    def _never_asked(self, rule: CompiledRule, wanted: Wanted) -> Iterator[str]:
        trigger = rule.rule.trigger
        names = " or ".join(trigger.names)
        who = wanted.person or "anybody"
        match trigger.kind:
            case "event":
                yield f"{rule.id} was never asked: no {names} came for {who}"
            case "schedule":
                yield f"{rule.id} was never asked: its schedule was not due, or nobody was known yet"
            case kind:
                change = "entered" if kind == "enters" else "left"
                yield f"{rule.id} was never asked: {names} was never {change} by {who}"
                for name in trigger.names:
                    yield from self._states(name, wanted.person)

    def _states(self, segment: str, person: str | None) -> Iterator[str]:
        people = [who for who, name in self.happened.states if name == segment and person in {None, who}]
        for who in people[:_PEOPLE]:
            yield f"  {segment} for {who} at the end of the test:"
            yield from self._reason(self.happened.states[who, segment])

    def _look(self, rule: CompiledRule, look: Look) -> Iterator[str]:
        on = f" on {look.event}" if look.event is not None else ""
        head = f"{rule.id} was asked at {self.clock.text(look.time)} for {look.person}{on}"
        if look.starts:
            yield f"{head} and started"
            yield from self._ways(look)
            return
        if look.judgement.truth is True:
            yield f"{head}: its conditions hold, and {REFUSALS[look.refused]}"
            return
        yield f"{head} and did not start:"
        yield from self._reasons(look)

    def _ways(self, look: Look, until: tuple[int, Order] | None = None) -> Iterator[str]:
        """The way of the run that started there, up to a place in the order of things."""
        for went in self.happened.ways:
            mine = (went.rule, went.person, went.occurrence) == (look.rule, look.person, look.occurrence)
            if mine and (until is None or (went.time, went.order) < until):
                yield from self._way(went)

    def _way(self, went: Went) -> Iterator[str]:
        when = self.clock.text(went.time)
        match went.doing:
            case "started":
                return
            case "unless":
                yield f"  {went.detail} ended its wait at {when}"
            case "waits" if isinstance(went.detail, int) and went.detail > self.case.end:
                until, end = self.clock.text(went.detail), self.clock.text(self.case.end)
                yield f"  it waits until {until}, and the test ends at {end}"
            case "waits":
                return
            case "over" if went.what == "wait" and went.reason is None:
                return
            case _:
                yield f"  at {when} it {deed_text(went, self.clock)}"
        if went.reason is not None:
            yield from (f"  {line}" for line in self._reason(went.reason))

    # -- a decision too many
    def decided(self, decided: Decided) -> Iterator[str]:
        looks = [
            look
            for look in self.happened.looks
            if look.starts and (look.rule, look.person) == (decided.rule, decided.person) and look.time <= decided.time
        ]
        mine = [look for look in looks if look.occurrence == decided.occurrence]
        for look in mine[-1:]:
            on = f" on {look.event}" if look.event is not None else ""
            head = f"{decided.rule} started at {self.clock.text(look.time)} for {look.person}{on}"
            yield f"{head}:" if look.judgement.reasons else f"{head}, under no condition"
            yield from self._reasons(look)
            yield from self._ways(look, (decided.time, (decided.order, 0)))

    # -- reasons
    def _reasons(self, look: Look) -> Iterator[str]:
        for key, reason in look.judgement.reasons:
            yield f"  {key}:"
            yield from self._reason(reason)

    def _reason(self, reason: Reason) -> Iterator[str]:
        yield from (f"    {line}" for line in reason_lines(reason, self.zone, self.currency))

    def states(self, states: tuple[tuple[str, str], ...]) -> Iterator[str]:
        for person, segment in states:
            yield from self._states(segment, person)


def why(miss: Miss, program: Program, case: Case, happened: Happened) -> list[str]:
    """The lines that explain a miss; `happened` of a run that was watched."""
    found = _Why(program, case, happened)
    if miss.wanted is not None:
        return list(found.missing(miss.wanted))
    if miss.decided is not None:
        return list(found.decided(miss.decided))
    return list(found.states(miss.states))


def _concerns(look: Look, wanted: Wanted) -> bool:
    return wanted.person in {None, look.person}


def makers_of(program: Program, wanted: Wanted) -> list[CompiledRule]:
    """The rules that could make such a decision, by id."""
    if wanted.rule is not None:
        return [program.rules[wanted.rule]] if wanted.rule in program.rules else []
    rules = (rule for _, rule in sorted(program.rules.items()))
    return [rule for rule in rules if any(_makes(station, wanted) for station in rule.stations)]


def _makes(station: Station, wanted: Wanted) -> bool:
    if wanted.step is not None and wanted.step not in {station.key, station.path}:
        return False
    kind, params = _made(station.step)
    if wanted.kind not in {None, kind} or not kind:
        return False
    return all(_could(params[name], value) for name, value in wanted.params.items() if name in params)


def _could(made: object, wanted: object) -> bool:
    if isinstance(made, tuple | dict):
        parts = wanted if isinstance(wanted, list | dict) else [wanted]
        return all(part in made for part in parts)
    return made == wanted


def _made(step: Step) -> tuple[str, dict[str, object]]:
    """The kind of a step's decision, and what of its parameters is known beforehand."""
    match step:
        case SendMessage(template):
            return "send", {"template": template}
        case IssueCoupon(pool):
            return "issue_coupon", {"pool": pool}
        case TagPerson(tags, remove):
            return "untag" if remove else "tag", {"tags": tags}
        case SetTraits(values):
            return "set", {"traits": values}
        case Invite(community, template):
            return "invite", {"community": community, "template": template}
        case Assign(to):
            return "assign", {"to": to}
        case Emit(event):
            return "emit", {"event": event}
    return "", {}
