"""Decoding what others send: strict, with a code for everything, and exact in its numbers."""

from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import EventRefused
from schemas.events import MAX_BYTES, MAX_DEPTH, Event, decode_event
from schemas.records import behaviour, decode, encode
from schemas.times import EARLIEST, LATEST
from tests.helpers.nasty_events import FIELDS, nasty_events

EVENT: dict[str, Any] = {
    "id": "536365",
    "person": "17850",
    "event": "order.paid",
    "time": "2010-12-01T08:26:00Z",
    "properties": {"order_id": "536365", "amount": 139.12},
    "source": "online-retail",
}


def raw(**changes: object) -> bytes:
    return json.dumps({k: v for k, v in {**EVENT, **changes}.items() if v is not ...}).encode()


def code_of(text: bytes) -> str:
    with pytest.raises(EventRefused) as refused:
        decode_event(text)
    return refused.value.code


def outcome(text: bytes) -> Event | EventRefused:
    try:
        return decode_event(text)
    except EventRefused as refused:
        return refused


def with_property(text: bytes) -> bytes:
    return b'{"person":"p","event":"e","properties":{"a":' + text + b"}}"


def test_an_event_keeps_all_that_was_sent() -> None:
    event = decode_event(raw())

    assert (event.id, event.person, event.name, event.source) == ("536365", "17850", "order.paid", "online-retail")
    assert event.time == 1_291_191_960_000
    assert event.properties == {"order_id": "536365", "amount": Decimal("139.12")}


def test_an_event_needs_a_person_and_a_name_only() -> None:
    event = decode_event(b'{"person":"p","event":"e"}')

    assert (event.id, event.time, event.properties, event.source) == ("", None, {}, "")


def test_null_and_the_empty_text_stand_for_a_field_that_is_missing() -> None:
    event = decode_event(raw(id="", time=None, source=None, properties=None))

    assert (event.id, event.time, event.properties, event.source) == ("", None, {}, "")


def test_numbers_are_taken_by_their_digits() -> None:
    event = decode_event(with_property(b"[0.1, 1.10, 9007199254740993, 1e5]"))

    assert [str(number) for number in event.properties["a"]] == ["0.1", "1.10", "9007199254740993", "1E+5"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b"\xff", "bad_json"),
        (b"\xef\xbb\xbf{}", "bad_json"),
        (b"null", "not_an_object"),
        (b"[1]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"17850", "not_an_object"),
        (raw(extra=1), "unknown_field"),
        (raw(person=...), "no_person"),
        (raw(person=""), "no_person"),
        (raw(person=..., anonymous=""), "no_person"),
        (raw(person=17850), "bad_type"),
        (raw(person=True), "bad_type"),
        (raw(person="a\0"), "bad_id"),
        (raw(person="a\nb"), "bad_id"),
        (raw(person="a" * 129), "bad_id"),
        (raw(person="anonymous:x"), "bad_id"),
        (raw(person=..., anonymous=["x"]), "bad_type"),
        (raw(event=...), "no_event"),
        (raw(event=""), "no_event"),
        (raw(event=5), "bad_type"),
        (raw(event="e" * 129), "bad_id"),
        (raw(id=536365), "bad_type"),
        (raw(id="\x7f"), "bad_id"),
        (raw(source={}), "bad_type"),
        (raw(properties=[]), "bad_type"),
        (raw(properties="x"), "bad_type"),
        (raw(properties={"a": "\0"}), "bad_text"),
        (raw(properties={"a\0": 1}), "bad_text"),
        (raw(properties={"a": ["\ud800"]}), "bad_text"),
        (raw(time="yesterday"), "bad_time"),
        (raw(time="2026-05-01T10:00:00"), "bad_time"),
        (raw(time=True), "bad_time"),
        (raw(time=[]), "bad_time"),
        (raw(time=0.5), "bad_time"),
        (raw(time=EARLIEST - 1), "bad_time"),
        (raw(time=LATEST), "bad_time"),
        (with_property(b"NaN"), "bad_number"),
        (with_property(b"-Infinity"), "bad_number"),
        (with_property(b"1e400"), "bad_number"),
        (with_property(b"1e99999999999999999999"), "bad_number"),
        (with_property(b"9" * 31), "bad_number"),
        (with_property(b'{"b":1,"b":1}'), "duplicate_key"),
        (b'{"person":"p","event":"e","person":"q"}', "duplicate_key"),
        (with_property(b'"' + b"a" * MAX_BYTES + b'"'), "too_large"),
        (with_property(b"[" * 900 + b"]" * 900), "too_deep"),
        (with_property(b"[" * 30_000 + b"]" * 30_000), "too_deep"),
    ],
)
def test_what_is_wrong_has_its_code(text: bytes, code: str) -> None:
    assert code_of(text) == code


def test_properties_may_be_sixteen_deep_and_no_deeper() -> None:
    inner = MAX_DEPTH - 1
    decode_event(with_property(b"[" * inner + b"]" * inner))

    assert code_of(with_property(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)) == "too_deep"


def test_times_from_2000_up_to_2100_are_taken() -> None:
    assert decode_event(raw(time=EARLIEST)).time == EARLIEST
    assert decode_event(raw(time=LATEST - 1)).time == LATEST - 1


def test_somebody_known_by_a_device_gets_the_reserved_prefix() -> None:
    assert decode_event(raw(person=..., anonymous="device-7")).person == "anonymous:device-7"


def test_a_person_wins_over_the_device() -> None:
    assert decode_event(raw(anonymous="device-7")).person == "17850"


def test_the_message_about_a_deep_or_long_time_stays_short() -> None:
    with pytest.raises(EventRefused) as refused:
        decode_event(b'{"person":"p","event":"e","time":' + b"[" * 900 + b"]" * 900 + b"}")

    assert len(refused.value.message) < 200


def test_without_an_id_the_same_event_gives_the_same_one() -> None:
    first = decode_event(raw(id=...))
    again = decode_event(json.dumps(dict(reversed(json.loads(raw(id=...)).items()))).encode())

    assert first.id
    assert first.id == again.id


@pytest.mark.parametrize(
    "change",
    [
        {"person": "17851"},
        {"event": "order.refunded"},
        {"time": "2010-12-01T08:26:01Z"},
        {"properties": {"order_id": "536365", "amount": 139.13}},
        {"source": "app"},
    ],
)
def test_without_an_id_another_event_gives_another_one(change: dict[str, Any]) -> None:
    assert decode_event(raw(id=..., **change)).id != decode_event(raw(id=...)).id


def test_without_id_and_time_there_is_no_id() -> None:
    assert decode_event(raw(id=..., time=...)).id == ""


@pytest.mark.parametrize("field", FIELDS)
def test_a_nasty_value_in_any_field_is_taken_whole_or_refused_with_a_code_and_a_short_sentence(field: str) -> None:
    for event in nasty_events(field):
        taken = outcome(event)
        if isinstance(taken, EventRefused):
            assert taken.code, event
            assert 0 < len(taken.message.encode()) < 300, event
        else:
            record = behaviour(taken)
            assert decode(encode(record)) == record, event
            assert taken.person == "17850" or field in {"person", "anonymous"}, event


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_refused(text: bytes) -> None:
    assert isinstance(outcome(text), Event | EventRefused)


@given(st.binary(max_size=200))
def test_any_bytes_in_a_record_can_be_read_or_are_refused(text: bytes) -> None:
    for value in (text, b"[" + text, b'["e",' + text, b'["e","i","p","n",null,{"a":' + text + b'},"",false]'):
        with suppress(EventRefused):
            decode(value)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.integers(-(10**29) + 1, 10**30 - 1) | st.decimals(-1_000_000, 1_000_000, places=4)
values = st.recursive(
    st.none() | st.booleans() | texts | numbers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def as_json(value: object) -> str:
    """JSON with decimals by their digits, written without the code under test."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


@given(st.dictionaries(texts, values, max_size=5))
def test_properties_come_out_of_the_log_as_they_were_sent(properties: dict[str, Any]) -> None:
    event = decode_event(f'{{"person":"p","event":"e","properties":{as_json(properties)}}}'.encode())

    assert event.properties == properties
    assert decode(encode(behaviour(event))) == behaviour(event)
