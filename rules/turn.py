"""One moment of one person in the making: what the fold of a record carries along, and what it has yielded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rules.telling import Told
from schemas.decisions import MembershipChange
from schemas.profile import NOTHING
from segments.normalise import STAGE

if TYPE_CHECKING:
    from rules.program import CompiledRule, Program
    from rules.telling import Doing
    from schemas.decisions import Outcome
    from schemas.profile import Occasion, Profile
    from schemas.records import Behaviour

__all__ = ["Cause", "Turn"]

Cause = Literal["event", "time", "program"]


class Turn:
    """The person at one moment.

    `now`: the moment (unix ms), as the profile has it; `fired`: rules that ran at this record; `effects`: changes of
    the profile that rules want; `quiet`: the moment belongs to an import, so no rule starts.
    """

    __slots__ = (
        "cause", "depth", "effects", "emitted", "fired", "now", "occasion", "out", "p", "person", "program", "quiet",
        "workspace",
    )  # fmt: skip

    def __init__(
        self,
        program: Program,
        workspace: str,
        person: str,
        p: Profile,
        out: Outcome,
        occasion: Occasion = NOTHING,
        cause: Cause = "time",
        depth: int = 0,
    ) -> None:
        self.program, self.workspace, self.person, self.p, self.out = program, workspace, person, p, out
        self.occasion, self.cause, self.depth = occasion, cause, depth
        self.now = p.now
        self.quiet = self.now <= p.quiet
        self.fired: set[str] = set()
        self.effects: list[tuple[str, Any]] = []
        self.emitted: list[tuple[str, Behaviour]] = []

    def tell(
        self,
        doing: Doing,
        rule: CompiledRule,
        occurrence: str,
        place: int,
        detail: str | int = "",
        seen: Occasion | None = None,
    ) -> None:
        """Tell whoever watches what a run does; `seen`: the event as a condition there sees it."""
        if self.out.tell is not None:
            self.out.tell(self, Told(doing, rule, occurrence, place, detail, seen))

    def next_order(self) -> int:
        """The number of the next thing that happens to this person."""
        self.p.order += 1
        return self.p.order

    def adopt(self, true: int, unknown: int) -> list[MembershipChange]:
        """Take over new truths; the changes they mean: leaves before enters, the stage first, segments by id."""
        p, plan = self.p, self.program.plan
        if true == p.true and (p.stage or not p.known):
            p.unknown = unknown
            return []
        moved = (true ^ int(p.true)) & ~self.program.stage_mask
        entered = true & moved
        p.true, p.unknown = true, unknown
        changes = self._stage_changes(true)
        while moved:
            low = moved & -moved
            moved ^= low
            changes.append(("enter" if entered & low else "leave", 1, plan.order[low.bit_length() - 1]))
        return self._recorded(changes) if changes else []

    def _recorded(self, changes: list[tuple[str, int, str]]) -> list[MembershipChange]:
        changes.sort(key=_in_order)
        made = [
            MembershipChange(self.person, self.next_order(), self.now, segment, change, self.cause)  # type: ignore[arg-type]
            for change, _, segment in changes
        ]
        self.out.changes += made
        return made

    def _stage_changes(self, true: int) -> list[tuple[str, int, str]]:
        p, program = self.p, self.program
        stage = 0
        if p.known and true & program.stage_mask:
            stage = next(at for at, bit in enumerate(program.stage_bits, 1) if true & bit)
        if stage == p.stage:
            return []
        stages = program.plan.stages
        changes = [("leave", 0, STAGE + stages[p.stage - 1])] if p.stage else []
        if stage:
            changes.append(("enter", 0, STAGE + stages[stage - 1]))
        p.stage = stage
        return changes


def _in_order(change: tuple[str, int, str]) -> tuple[bool, int, str]:
    """Leaves before enters, the stage first, segments by id."""
    kind, place, segment = change
    return kind != "leave", place, segment
