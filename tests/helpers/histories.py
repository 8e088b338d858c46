"""A made-up history for any playbook: people with everything a message may need, and events that its catalogue names."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from schemas.catalogue import RESERVED_EVENTS
from schemas.times import DAY, format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook

__all__ = ["history"]

BEGIN = parse_time("2026-01-05T02:00:00Z")
PEOPLE = tuple(f"p{number}" for number in range(12))
_CHANNELS = ("wecom", "wecom_group", "sms", "email")


def history(playbook: Playbook, days: int, seed: int = 1) -> list[dict[str, Any]]:
    """Events in the order of time, as JSON."""
    draw = random.Random(seed)
    lines = [*_people(playbook, draw), *_behaviour(playbook, draw, days)]
    return [{"id": f"e{number}", **line} for number, line in enumerate(sorted(lines, key=lambda line: line["time"]))]


def _people(playbook: Playbook, draw: random.Random) -> Iterator[dict[str, Any]]:
    for number, person in enumerate(PEOPLE):
        traits = {
            name: _value(kind.type, draw, name)
            for name, kind in playbook.catalogue.traits.items()
            if kind.source is None and draw.random() < 0.7
        }
        language = {"language": "en" if number % 2 else "zh"}
        yield _event(person, "person.updated", BEGIN, traits | language)
        yield _event(person, "consent.given", BEGIN, {"purpose": "marketing"})
        for channel in _CHANNELS[number % 3 :]:
            yield _event(person, "contact.updated", BEGIN, {"channel": channel, "address": f"{person}@{channel}.test"})


def _behaviour(playbook: Playbook, draw: random.Random, days: int) -> Iterator[dict[str, Any]]:
    names = sorted(playbook.catalogue.events.keys() - RESERVED_EVENTS)
    for person in PEOPLE:
        # some come every day, some leave after a while
        until, times = draw.randint(days // 4, days), draw.randint(days, 4 * days)
        for _ in range(times):
            name = draw.choice(names)
            kinds = playbook.catalogue.events[name].properties
            given = {key: _value(kind.type, draw, key) for key, kind in kinds.items() if draw.random() < 0.9}
            yield _event(person, name, BEGIN + draw.randint(1, until * DAY), given)


def _value(kind: str, draw: random.Random, name: str) -> Any:  # noqa: ANN401 - JSON values
    if kind == "date":
        return f"{draw.randint(1960, 2005)}-{draw.randint(1, 6):02d}-{draw.randint(1, 28):02d}"
    if kind in {"money", "integer", "number"}:
        return draw.choice([0, 1, 99, 120, 320, 1500, 6000])
    if kind == "boolean":
        return draw.random() < 0.5
    if name in {"inviter", "friend"}:
        return draw.choice(PEOPLE)
    return f"{name}-{draw.randint(1, 3)}"


def _event(person: str, name: str, time: int, properties: dict[str, Any]) -> dict[str, Any]:
    return {"person": person, "event": name, "time": format_time(time), "properties": properties}
