"""Ids: what may be one, and that those derived are the same on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import EventRefused
from schemas.ids import MAX_ID, _murmur2, check_id, decision_id, derived_event_id, event_key, partition_of

# From the tests of Kafka's Java client, and for the empty text; as the signed numbers of Java.
KAFKA = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
    b"": 275646681,
}
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=MAX_ID)


@pytest.mark.parametrize(("key", "expected"), KAFKA.items())
def test_people_are_spread_as_kafka_does_it(key: bytes, expected: int) -> None:
    assert _murmur2(key) == expected % 2**32
    assert partition_of(key.decode(), 12) == (expected & 0x7FFFFFFF) % 12


@given(ids, st.integers(1, 100))
def test_a_partition_is_one_of_those_there_are(person: str, partitions: int) -> None:
    assert 0 <= partition_of(person, partitions) < partitions


@given(ids)
def test_an_id_without_control_characters_is_taken_as_it_is(value: str) -> None:
    assert check_id(value, "id") == value


@given(ids.filter(lambda text: len(text) < MAX_ID), st.characters(categories=["Cs", "Cc"]), st.data())
def test_a_control_character_anywhere_is_refused(value: str, character: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(value)))

    with pytest.raises(EventRefused) as refused:
        check_id(value[:at] + character + value[at:], "id")

    assert refused.value.code == "bad_id"
    assert f"U+{ord(character):04X}" in refused.value.message


@pytest.mark.parametrize("value", ["", "a" * (MAX_ID + 1), "下" * (MAX_ID + 1)])
def test_an_id_has_1_to_128_characters(value: str) -> None:
    with pytest.raises(EventRefused, match="1 to 128"):
        check_id(value, "person")


def test_derived_ids_never_change() -> None:
    assert decision_id("w", "r", "p", "event:s:1", "0") == "88fd3fe53da6a4e0d7052a65490de88f"
    assert event_key("shop", "1").hex() == "f505ee22167ed688"


@given(st.lists(st.text(max_size=5), min_size=5, max_size=5), st.lists(st.text(max_size=5), min_size=5, max_size=5))
def test_different_parts_give_different_ids_wherever_the_borders_lie(one: list[str], other: list[str]) -> None:
    if not any("\ud800" <= c <= "\udfff" for c in "".join(one + other)):
        assert (derived_event_id(*one) == derived_event_id(*other)) == (one == other)


@given(ids, ids, ids)
def test_the_source_is_no_part_of_the_id(first: str, second: str, third: str) -> None:
    assert event_key(first + second, third) != event_key(first, second + third)
