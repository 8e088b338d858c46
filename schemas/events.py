"""The event: one thing a person did, and the strict decoding of what others send."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from schemas.errors import EventRefused
from schemas.ids import ANONYMOUS, check_id, derived_event_id
from schemas.times import EARLIEST, LATEST, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAX_BYTES", "MAX_DEPTH", "Event", "decode_event", "event_from", "load_json"]

MAX_BYTES = 65_536
MAX_DEPTH = 16
_MAX_DIGITS = 30
_FIELDS = frozenset({"id", "person", "anonymous", "event", "time", "properties", "source"})


class Event(msgspec.Struct, frozen=True, gc=False):
    """One behaviour event. `time` is the sender's, unix ms UTC (None: time of receipt); numbers are int or Decimal."""

    id: str
    person: str
    name: str
    time: int | None
    properties: dict[str, Any]
    source: str = ""


def decode_event(raw: bytes) -> Event:
    """An event from its JSON bytes. Raises `EventRefused` with a code for whatever is wrong; never anything else."""
    if len(raw) > MAX_BYTES:
        text = f"the event has {len(raw)} bytes; {MAX_BYTES} are allowed"
        raise EventRefused(text, code="too_large")
    value = load_json(raw)
    if not isinstance(value, dict):
        text = f"an event is a JSON object, this is {_kind(value)}"
        raise EventRefused(text, code="not_an_object")
    return event_from(value)


def load_json(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value, numbers by their digits.

    Raises `EventRefused` for broken JSON, repeated keys, NaN, numbers out of range and endless depth.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"the text is not UTF-8 (byte {error.start})"
        raise EventRefused(message, code="bad_json") from None
    try:
        return json.loads(
            text, parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        message = f"the JSON is broken at line {error.lineno}, column {error.colno}: {error.msg}"
        raise EventRefused(message, code="bad_json") from None
    except RecursionError:
        message = f"the JSON is nested deeper than {MAX_DEPTH}"
        raise EventRefused(message, code="too_deep") from None


def event_from(value: Mapping[str, Any]) -> Event:
    """An event from a decoded JSON object. Raises `EventRefused`."""
    unknown = sorted(set(value) - _FIELDS)
    if unknown:
        text = f"unknown field {unknown[0][:40]!r}; an event has {', '.join(sorted(_FIELDS))}"
        raise EventRefused(text, code="unknown_field")
    person = _person(value)
    name = check_id(_text(value, "event", "no_event"), "event")
    properties = value.get("properties")
    if properties is None:
        properties = {}
    if not isinstance(properties, dict):
        text = f"properties is an object, this is {_kind(properties)}"
        raise EventRefused(text, code="bad_type")
    _check_value(properties, 1)
    source = _optional(value, "source")
    time = _time(value.get("time"))
    return Event(_event_id(value, source, person, name, properties), person, name, time, properties, source)


def _event_id(value: Mapping[str, Any], source: str, person: str, name: str, properties: dict[str, Any]) -> str:
    """The sender's id, else one derived from what was sent; empty when nothing tells a repeat (no id and no time)."""
    given = value.get("id")
    if given is not None and given != "":
        return check_id(_text(value, "id", "bad_id"), "id")
    if value.get("time") is None:
        return ""
    body = json.dumps(properties, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return derived_event_id(source, person, name, str(value["time"]), body)


def _person(value: Mapping[str, Any]) -> str:
    if value.get("person") not in (None, ""):
        person = check_id(_text(value, "person", "no_person"), "person")
        if person.startswith(ANONYMOUS):
            text = f"a person may not begin with the reserved {ANONYMOUS!r}; send the device's id as 'anonymous'"
            raise EventRefused(text, code="bad_id")
        return person
    if value.get("anonymous") not in (None, ""):
        return check_id(ANONYMOUS + _text(value, "anonymous", "no_person"), f"{ANONYMOUS}<anonymous>")
    text = "the event names nobody; give 'person' (or 'anonymous' until the person is known)"
    raise EventRefused(text, code="no_person")


def _text(value: Mapping[str, Any], field: str, missing: str) -> str:
    found = value.get(field)
    if found is None or found == "":
        text = f"the event has no {field!r}"
        raise EventRefused(text, code=missing)
    if not isinstance(found, str):
        text = f"{field!r} is text (ids too, in quotes), this is {_kind(found)}"
        raise EventRefused(text, code="bad_type")
    return found


def _optional(value: Mapping[str, Any], field: str) -> str:
    if value.get(field) in (None, ""):
        return ""
    return check_id(_text(value, field, "bad_type"), field)


def _time(found: Any) -> int | None:  # noqa: ANN401 - checked here
    if found is None:
        return None
    try:
        time = parse_time(found)
    except (ValueError, OverflowError) as error:
        raise EventRefused(f"time: {error}", code="bad_time") from None
    if not EARLIEST <= time < LATEST:
        text = "time lies outside the years 2000 to 2099"
        raise EventRefused(text, code="bad_time")
    return time


def _check_value(value: object, depth: int) -> None:
    """Depth and texts of a property value; numbers were checked while they were read."""
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            text = f"properties are nested deeper than {MAX_DEPTH}"
            raise EventRefused(text, code="too_deep")
        items = value.values() if isinstance(value, dict) else value
        for item in items:
            _check_value(item, depth + 1)
        if isinstance(value, dict):
            for key in value:
                _check_string(key)


def _check_string(text: str) -> None:
    if text.isascii():
        if "\0" not in text:
            return
    elif "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text):
        return
    message = "a text in properties has a NUL or a lone surrogate"
    raise EventRefused(message, code="bad_text")


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MAX_DIGITS:
        raise _out_of_range(digits)
    try:
        number = Decimal(digits)
    except ArithmeticError:  # an exponent of twenty digits
        raise _out_of_range(digits) from None
    if abs(number.adjusted()) > _MAX_DIGITS:
        raise _out_of_range(digits)
    return number


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _out_of_range(digits)
    return int(digits)


def _out_of_range(digits: str) -> EventRefused:
    text = f"the number {digits[:20]}… is out of range (at most {_MAX_DIGITS} digits)"
    return EventRefused(text, code="bad_number")


def _constant(name: str) -> None:
    text = f"{name} is no number"
    raise EventRefused(text, code="bad_number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        text = f"the key {twice[:40]!r} comes twice in one object"
        raise EventRefused(text, code="duplicate_key")
    return out


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
