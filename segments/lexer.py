"""Tokens of an expression."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final, NamedTuple

from schemas.texts import say
from segments.mistakes import ExpressionError, not_a_number, separated, slip, thousands, unknown

__all__ = ["Token", "Value", "tokens"]

Value = bool | int | Decimal | str | None

_MAX_LENGTH = 4_000
_MAX_DIGITS = 30
"""Digits of a number as written; its power of ten goes twice as far."""


class Token(NamedTuple):
    """`kind` is one of `name`, `number`, `text`, `op`, `end`; `value` of a number or text is what it stands for."""

    kind: str
    value: Value
    start: int
    end: int


_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<quote>[rR]?['\"])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<slip><>|===|!==|=>|=<)"
    r"|(?P<op>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]])"
)
_UNITS = re.compile(r"(?:ms|[smhdw])(?:[0-9]+(?:ms|[smhdw]))*(?!\w)")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?![0-9.])")
_GROUPS = re.compile(r"(?<![\w,.])[0-9]{1,3}(?:,[0-9]{3})*,\Z")
_CLOCK = re.compile(r"[0-9]{1,2}:\Z")
_PLAIN = {"'": re.compile(r"[^'\\\n]+"), '"': re.compile(r'[^"\\\n]+')}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_HEX = re.compile(r"x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}")
_OCTAL = re.compile(r"[0-3][0-7]{2}")
_ESCAPES: Final = {
    **dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)),
    **{character: character for character in "\\'\"`?"},
}  # fmt: skip


def tokens(text: str) -> list[Token]:
    """All tokens, the last one of kind `end`. Raises `ExpressionError`."""
    if len(text) > _MAX_LENGTH:
        message = say(
            "the expression has {number} characters; {max_length} are allowed", number=len(text), max_length=_MAX_LENGTH
        )
        raise ExpressionError("too_long", message, 0, 1, "split it: give parts of it a name as segments")
    out: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise unknown(text, at)
        token = _token(str(match.lastgroup), match[0], text, at)
        if token is not None:
            out.append(token)
        at = match.end() if token is None else token.end
    out.append(Token("end", None, len(text), len(text)))
    return out


def _token(kind: str, found: str, text: str, at: int) -> Token | None:
    end = at + len(found)
    match kind:
        case "space":
            return None
        case "number":
            return _number(found, text, at)
        case "quote":
            return _text(text, at, end, raw=len(found) > 1)
        case "slip":
            raise slip(found, at)
        case _:
            return Token("op" if found == "in" else kind, found, at, end)


def _number(found: str, text: str, at: int) -> Token:
    end = at + len(found)
    _check_behind(found, text, at, end)
    mantissa, _, exponent = found.lower().partition("e")
    if len(mantissa) - mantissa.count(".") > _MAX_DIGITS:
        raise ExpressionError(
            "bad_number", say("a number has at most {max_digits} digits", max_digits=_MAX_DIGITS), at, end
        )
    if abs(int(exponent or 0)) > 2 * _MAX_DIGITS or abs(Decimal(found).adjusted()) > 2 * _MAX_DIGITS:
        raise ExpressionError("bad_number", "the number is out of range", at, end, "leave the power of ten out")
    return Token("number", int(found) if found.isdigit() else Decimal(found), at, end)


def _check_behind(found: str, text: str, at: int, end: int) -> None:
    """What looks like a number and is none: durations, dates, separated thousands, leading zeros, other bases."""
    date = _DATE.match(text, at)
    if date is not None:
        hint: str = say('a date is a text: "{date}"', date=date[0])
        raise ExpressionError("bare_date", say("{date} is read as a subtraction", date=date[0]), at, date.end(), hint)
    unit = _UNITS.match(text, end)
    if unit is not None:
        word = found + unit[0]
        hint = say('write it in quotes: "{word}" as a window, duration("{word}") as a length of time', word=word)
        raise ExpressionError("bare_duration", say("{word} is no number", word=word), at, unit.end(), hint)
    if found[0] == "0" and found[1:2].isdigit():
        before = _GROUPS.search(text, max(0, at - 2 * _MAX_DIGITS), at)
        if before is not None:
            raise thousands(text, before.start(), before.end() - 1)
        hint = "take the zero off, or write a text in quotes"
        if _CLOCK.search(text, max(0, at - 3), at):
            hint = "an hour is a plain number: local_hour() >= 9"
        raise ExpressionError("bad_number", say("the number {found} begins with a zero", found=found), at, end, hint)
    behind = text[end : end + 1]
    if behind.isalpha() or behind == "_":
        if separated(text, end):
            raise thousands(text, at, end)
        raise not_a_number(found, text, at, end)
    if behind == ".":
        raise ExpressionError(
            "bad_number",
            say("a digit is missing behind {found}.", found=found),
            at,
            end + 1,
            say("write {found}.0 or {found}", found=found),
        )


def _text(text: str, start: int, at: int, *, raw: bool) -> Token:
    """The text whose first character stands at `at`."""
    quote, pieces = text[at - 1], list[str]()
    while text[at : at + 1] != quote:
        plain = _PLAIN[quote].match(text, at)
        if plain is not None:
            _refuse_control(plain[0], at)
            pieces.append(plain[0])
            at = plain.end()
        elif text[at : at + 1] != "\\":
            message = "the text that begins here has no closing quote"
            raise ExpressionError(
                "open_text", message, start, start + 1, say("end it with {quote}, on the same line", quote=quote)
            )
        elif raw:
            pieces.append("\\")
            at += 1
        else:
            piece, at = _escape(text, at)
            pieces.append(piece)
    return Token("text", "".join(pieces), start, at + 1)


def _refuse_control(piece: str, at: int) -> None:
    match = _CONTROL.search(piece)
    if match is not None:
        place = at + match.start()
        raise ExpressionError(
            "unknown_character",
            say("a text may not hold U+{number:04X}", number=ord(match[0])),
            place,
            place + 1,
            "delete it",
        )


def _escape(text: str, at: int) -> tuple[str, int]:
    mark = text[at + 1 : at + 2]
    if mark in _ESCAPES:
        return _ESCAPES[mark], at + 2
    digits, base = _HEX.match(text, at + 1), 16
    if digits is None:
        digits, base = _OCTAL.match(text, at + 1), 8
    if digits is not None:
        code = int(digits[0].lstrip("xuU"), base)
        if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000:
            return chr(code), digits.end()
    hint = 'write \\\\ for a backslash, or r"…" for a text without escapes'
    raise ExpressionError("bad_escape", say("\\{mark} is no escape", mark=mark), at, min(at + 2, len(text)), hint)
