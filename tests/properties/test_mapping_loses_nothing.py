from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rules.mapping import read_mapping
from rules.mapping_groups import Mapper
from schemas.errors import EventRefused

if TYPE_CHECKING:
    from random import Random

    from schemas.events import Event

COLUMNS = ("g", "p", "t", "n", "price")
TEXT = """\
group_by: row.g
person: row.p
time: row.t
id: row.g
events:
  - event: gift
    when: row.price == 0
    properties: {lines: count()}
  - event: order
    properties: {amount: sum(row.n * row.price), lines: count(), least: min(row.price), most: max(row.price)}
"""
MAPPING = read_mapping(TEXT, "mapping.yaml")[0]

numbers = st.one_of(
    st.integers(-1000, 1000).map(str),
    st.decimals(-1000, 1000, places=3).map(str),
    st.sampled_from(["0", "0.00", "", "x"]),
)
lines = st.tuples(
    st.sampled_from(["1", "2", "3", ""]),
    st.sampled_from(["ann", "ann", "ann", "bob", ""]),
    st.sampled_from(["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "", "soon"]),
    numbers,
    numbers,
)


def run(rows: list[tuple[str, ...]]) -> tuple[list[tuple[int, Event]], dict[int, str]]:
    assert MAPPING is not None
    mapper, pick = Mapper(MAPPING), MAPPING.picker(COLUMNS, "f")
    refused: dict[int, str] = {}
    for place, row in enumerate(rows):
        try:
            mapper.add(pick(row), place)
        except EventRefused as fault:
            refused[place] = fault.code
    mapper.finish()
    late = {place: code for place, code, _ in mapper.refused}
    assert not set(late) & set(refused)
    return mapper.events, refused | late


@given(st.lists(lines, max_size=30))
def test_every_line_is_refused_or_counted_in_one_event_and_sums_are_exact(rows: list[tuple[str, ...]]) -> None:
    events, refused = run(rows)

    groups: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for place, row in enumerate(rows):
        if place not in refused:
            groups[row[0]].append(row)
    assert {event.id for _, event in events} == set(groups)
    assert [place for place, _ in events] == sorted(place for place, _ in events)
    for place, event in events:
        accepted = groups[event.id]
        assert rows[place] == accepted[0]
        assert event.properties["lines"] == len(accepted)
        assert {row[1] for row in accepted} == {event.person}
        if event.name == "order":
            prices = [Fraction(row[4]) for row in accepted]
            assert Fraction(event.properties["amount"]) == sum(Fraction(row[3]) * Fraction(row[4]) for row in accepted)
            assert Fraction(event.properties["least"]) == min(prices)
            assert Fraction(event.properties["most"]) == max(prices)


@given(st.lists(lines, max_size=20), st.randoms(use_true_random=False))
def test_lines_of_other_groups_in_between_change_nothing(rows: list[tuple[str, ...]], chance: Random) -> None:
    queues: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in rows:
        queues[row[0]].append(row)
    mixed = []
    while queues:
        key = chance.choice(sorted(queues))
        mixed.append(queues[key].pop(0))
        if not queues[key]:
            del queues[key]

    assert sorted((e.id, e.name, str(e.properties)) for _, e in run(rows)[0]) == sorted(
        (e.id, e.name, str(e.properties)) for _, e in run(mixed)[0]
    )
