"""The filters of message templates: each takes any value a template may hold and answers within bounds."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from functools import wraps
from typing import TYPE_CHECKING, Any

from liquid.exceptions import FilterArgumentError
from liquid.undefined import is_undefined

from messaging.render.dates import format_moment
from schemas.money import digits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from messaging.render.engine import Context

__all__ = ["FILTERS"]

_LONGEST = 65_536
_LARGEST = Decimal(10) ** 15


def _fail(message: str) -> FilterArgumentError:
    return FilterArgumentError(message, token=None)


def _text(value: object) -> str:
    """A value as the template would print it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "".join(_text(item) for item in value)
    if isinstance(value, range):
        raise _fail("a range is no text")
    return str(value)


def _bounded(text: str) -> str:
    if len(text) > _LONGEST:
        raise _fail("the text grows too long")
    return text


def _number(value: object) -> Decimal:
    """An exact number. Raises for what is none, and for what is absurdly large."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _fail("this is no number")
    try:
        number = Decimal(str(value).strip())
    except DecimalException:
        raise _fail("this is no number") from None
    if not number.is_finite() or abs(number) >= _LARGEST:
        raise _fail("the number is out of range")
    return number


def _plain(number: Decimal) -> int | Decimal:
    return int(number) if number == number.to_integral_value() else number


def _calculation(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[[object, object], int | Decimal]:
    return lambda left, right: _plain(_number(operation(_number(left), _number(right))))


def _default(value: object, fallback: object = "") -> object:
    """`fallback` where a value is unknown, false or empty."""
    is_missing = is_undefined(value) or value is False or value in ("", [])
    return fallback if is_missing else value


def _date(value: object, form: object, *, context: Context) -> str:
    """A time or date in the zone of the person."""
    if not isinstance(form, str):
        raise _fail("date takes a time and a format: `| date: '%Y-%m-%d'`")
    try:
        return _bounded(format_moment(value, form, context.zone))
    except ValueError as error:
        raise _fail(str(error)) from None


def _money(value: object, *, context: Context) -> str:
    """An amount in major units with the decimals of the workspace's currency: 1234.5 → 1,234.50."""
    return f"{_number(value):,.{digits_of(context.currency)}f}"


def _truncate(value: object, length: object = 50, end: object = "…") -> str:
    """At most `length` characters, `end` counted in."""
    if not isinstance(length, int):
        raise _fail("truncate takes a whole number of characters")
    text, tail = _text(value), _text(end)
    return text if len(text) <= length else text[: max(length - len(tail), 0)] + tail


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _fail("this is no list")
    return value


def _join(value: object, separator: object = " ") -> str:
    texts = [_text(item) for item in _list(value)]
    _bounded("".join(texts))
    return _bounded(_text(separator)[: _LONGEST // (len(texts) or 1)].join(texts))


def _end_of(index: int) -> Callable[[object], object]:
    def take(value: object) -> object:
        items = _list(value)
        if not items:
            raise _fail("the list is empty")
        return items[index]

    return take


def _size(value: object) -> int:
    return len(value) if isinstance(value, list) else len(_text(value))


def _strict(function: Callable[..., object]) -> Callable[..., object]:
    """The filter, with an unknown value reported as unknown and not as a wrong one."""

    @wraps(function)
    def strict(*values: object, **options: object) -> object:
        for value in values:
            if is_undefined(value):
                str(value)  # raises, with the variable's name
        return function(*values, **options)

    strict.with_context = function in {_date, _money}  # type: ignore[attr-defined]
    return strict


_FILTERS: dict[str, Callable[..., object]] = {
    "append": lambda value, other: _bounded(_text(value) + _text(other)),
    "capitalize": lambda value: _text(value).capitalize(),
    "date": _date,
    "downcase": lambda value: _text(value).lower(),
    "first": _end_of(0),
    "join": _join,
    "last": _end_of(-1),
    "minus": _calculation(lambda left, right: left - right),
    "money": _money,
    "plus": _calculation(lambda left, right: left + right),
    "prepend": lambda value, other: _bounded(_text(other) + _text(value)),
    "size": _size,
    "strip": lambda value: _text(value).strip(),
    "times": _calculation(lambda left, right: left * right),
    "truncate": _truncate,
    "upcase": lambda value: _bounded(_text(value).upper()),
}
FILTERS = {"default": _default} | {name: _strict(function) for name, function in _FILTERS.items()}
