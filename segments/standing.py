"""What rules ask of traits and tags alone, answered once and kept with the profile until one of them changes.

Such a condition holds or does not until a trait or a tag changes, and most events change none. So a person's `standing`
has a bit for each: a rule asks one bit instead of opening the traits. It is derived from the rest: whatever changes
traits or tags empties it, and the next event that needs it fills it again. The stamp at its beginning stands for the
conditions and their order, so that bits of other conditions are never taken for these.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from schemas.profile import Profile
from segments import conditions as c
from segments.firing import Firing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from segments.plan import Plan

__all__ = ["Standing"]

_STAMP = 4


class Standing:
    """The standing conditions of groups of conditions (one a kind of event), and where the bits of each group lie."""

    def __init__(self, plan: Plan, groups: Mapping[str, Iterable[c.Node]]) -> None:
        self.plan = plan
        self._asked: dict[str, dict[c.Node, int]] = {name: {} for name in groups}
        self._rest = {
            name: [self._without(node, self._asked[name]) for node in nodes] for name, nodes in groups.items()
        }
        self._places = self._placed()
        asked = [tuple(bits) for bits in self._asked.values()]
        self.stamp = blake2b(repr(asked).encode(), digest_size=_STAMP).digest()
        self._masks = Firing(plan).masks(asked)
        self._of_nobody = self._answers(Profile("", 0, 0, [], 0, 0, []))

    def _placed(self) -> dict[str, tuple[int, int]]:
        """By group: where its bytes begin and end."""
        places, at = {}, _STAMP
        for name, bits in self._asked.items():
            places[name] = at, at + (len(bits) + 7) // 8
            at = places[name][1]
        return places

    def matcher(self, name: str, rules: Sequence[object]) -> Callable[..., list[object]]:
        """What `Firing.matcher` makes of a group's conditions and their rules, in their order."""
        firing, pairs = Firing(self.plan), zip(rules, self._rest[name], strict=True)
        start, end = self._places[name]
        return firing.matcher(pairs, (start, end, self.stamp, self.renew) if end > start else None)

    def renew(self, p: Profile) -> bytes:
        """Answer every standing condition anew, and keep the answers."""
        p.standing = self._answers(p) if p.is_described else self._of_nobody
        return p.standing

    def _answers(self, p: Profile) -> bytes:
        masks = zip(self._masks(p), self._places.values(), strict=True)
        return self.stamp + b"".join(mask.to_bytes(end - start, "big") for mask, (start, end) in masks)

    def _without(self, node: c.Node, bits: dict[c.Node, int]) -> c.Node:
        """The condition with a bit in the place of every part that stands. It is true just when the old one is."""
        if _stands(node):
            return c.Stands(bits.setdefault(node, len(bits)))
        match node:
            case c.Not(c.Not(item)):
                return self._without(item, bits)
            case c.Not(c.All(items)):
                return self._without(c.Any_(tuple(map(c.Not, items))), bits)
            case c.Not(c.Any_(items)):
                return self._without(c.All(tuple(map(c.Not, items))), bits)
            case c.All(items) | c.Any_(items):
                standing = tuple(filter(_stands, items))
                joined = (standing if len(standing) == 1 else (type(node)(standing),)) if standing else ()
                others = tuple(item for item in items if not _stands(item))
                return type(node)(tuple(self._without(item, bits) for item in (*joined, *others)))
        return node


def _stands(node: c.Node) -> bool:
    atoms = list(c.atoms(node))
    return bool(atoms) and all(isinstance(atom, c.TraitIs | c.HasTrait | c.Tag) for atom in atoms)
