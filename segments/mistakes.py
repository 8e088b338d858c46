"""The answers to what operators write by mistake in an expression: its place, and what to write instead."""

from __future__ import annotations

import re
from typing import Final

from schemas.errors import TouchlineError
from schemas.texts import say

__all__ = [
    "AMOUNTS",
    "MONEY",
    "WORDS",
    "ExpressionError",
    "misplaced",
    "not_a_number",
    "separated",
    "slip",
    "thousands",
    "unknown",
    "word_operator",
]

WORDS: Final = {
    "and": "did you mean && ?",
    "or": "did you mean || ?",
    "not": 'write ! before a condition: !(profile.city in ["Rome", "Oslo"])',
    "is": 'write == for "is", has(profile.city) for "is known"',
    "between": "write both comparisons: a <= x && x <= b",
    "like": 'write event.note.contains("gift")',
    "contains": 'write event.note.contains("gift")',
    "startswith": 'write event.note.startsWith("gift")',
    "endswith": 'write event.note.endsWith("gift")',
    "matches": 'write event.note.matches("^gift")',
    "if": "write the condition alone; a choice is test ? then : otherwise",
    "when": "write the condition alone",
}
"""Words that are operators elsewhere."""
_SLIPS: Final = {"<>": "!=", "===": "==", "!==": "!=", "=>": ">=", "=<": "<=", "=": "==", "&": "&&", "|": "||"}
_FULL_WIDTH: Final = {
    "（": "(", "）": ")", "，": ",", "；": ";", "：": ":", "＞": ">", "＜": "<", "＝": "==", "！": "!", "＆": "&&",
    "｜": "||", "＋": "+", "－": "-", "＊": "*", "／": "/", "％": "%", "？": "?", "．": ".", "“": '"', "”": '"',
    "‘": "'", "’": "'", "＂": '"', "＇": "'", "「": '"', "」": '"', "【": "[", "】": "]", "［": "[", "］": "]",
    "。": ".", "、": ",",
}  # fmt: skip
_SIGNS: Final = {
    "≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "∧": "&&", "∨": "||",
    "¬": "!", "∈": "in",
}  # fmt: skip
_CHINESE: Final = {
    "大于等于": ">=", "小于等于": "<=", "不等于": "!=", "不大于": "<=", "不小于": ">=", "大于": ">", "小于": "<",
    "等于": "==", "是": "==", "不是": "!=", "并且": "&&", "而且": "&&", "同时": "&&", "且": "&&", "和": "&&",
    "或者": "||", "或": "||", "非": "!",
}  # fmt: skip
"""Words for operators."""
_WORD = re.compile(r"[^\W\d_a-zA-Z]+")
AMOUNTS: Final = "amounts are plain numbers, in the currency of the workspace: 5000"
MONEY = frozenset({"元", "块", "圆", "人民币", "rmb", "cny", "usd", "eur", "gbp", "yuan"})
_CURRENCIES = frozenset("$€£¥￥")
_BEHIND = re.compile(r"\w+")
_FIELD = re.compile(r"\$\{?[A-Za-z_]")
_THOUSANDS = re.compile(r"(?:[,_][0-9]{3})+(?!\w)")


class ExpressionError(TouchlineError):
    """A text that is no expression; `start` and `end` are code-point offsets in it."""

    def __init__(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        super().__init__(message, code=code, hint=hint)
        self.start, self.end = start, end


def separated(text: str, end: int) -> bool:
    """Whether digits that end here go on as `,000` or `_000`."""
    return _THOUSANDS.match(text, end) is not None


def thousands(text: str, start: int, end: int) -> ExpressionError:
    """The fault of `5,000` or `5_000`, of which `5` stands from `start` to `end`."""
    match = _THOUSANDS.match(text, end)
    end = end if match is None else match.end()
    plain = text[start:end].replace(",", "").replace("_", "")
    return ExpressionError(
        "thousands", "a number has no thousands separator", start, end, say("write {plain}", plain=plain)
    )


def slip(found: str, at: int) -> ExpressionError:
    """The fault of an operator of another language."""
    code = "single_equals" if found == "=" else "bad_operator"
    return ExpressionError(
        code,
        say("{found} is no operator", found=found),
        at,
        at + len(found),
        say("did you mean {sign} ?", sign=_SLIPS[found]),
    )


def unknown(text: str, at: int) -> ExpressionError:
    """The fault of a character that begins no token."""
    character = text[at]
    if character in _SLIPS:
        return slip(character, at)
    if character in _FULL_WIDTH:
        message, hint = (
            say("{character} is full-width punctuation", character=character),
            say("write {sign}", sign=_FULL_WIDTH[character]),
        )
        return ExpressionError("full_width", message, at, at + 1, hint)
    if not character.isprintable() or character.isspace():
        message = say("an expression has no character U+{number:04X}", number=ord(character))
        return ExpressionError("unknown_character", message, at, at + 1, "delete it, or put a plain space")
    word = _WORD.match(text, at)
    if word is not None:
        return _chinese(text, at, word[0])
    advice = "fields need no sign before them: event.amount" if _FIELD.match(text, at) else _hint(character)
    return ExpressionError(
        "unknown_character", say("an expression has no {character}", character=character), at, at + 1, advice
    )


def _chinese(text: str, at: int, word: str) -> ExpressionError:
    """The fault of a word of another script: an operator in words, or a text without quotes."""
    hint: str = say('texts stand in quotes: "{text}"', text=word)
    if word in _CHINESE:
        hint = say("write {sign}", sign=_CHINESE[word])
    elif text[at - 1 : at] == ".":
        hint = "names have the letters a to z, digits and _"
    message = say("an expression has no {character}", character=word)
    return ExpressionError("unknown_character", message, at, at + len(word), hint)


def _hint(character: str) -> str:
    if character in _SIGNS:
        return say("write {sign}", sign=_SIGNS[character])
    if character in _CURRENCIES:
        return AMOUNTS
    if character in "{}":
        return "fields need no braces: event.amount"
    if character in ";#":
        return "an expression is one condition, without ; and without comments"
    return "texts stand in quotes; names have the letters a to z, digits and _"


def word_operator(word: str, start: int) -> ExpressionError:
    """The fault of a word that is an operator elsewhere."""
    return ExpressionError(
        "word_operator", say("{word} is no operator", word=word), start, start + len(word), WORDS[word.lower()]
    )


def not_a_number(found: str, text: str, at: int, end: int) -> ExpressionError:
    """The fault of letters directly behind digits: `99元`, `3级`, `5x`."""
    word = _BEHIND.match(text, end)
    behind = "" if word is None else word[0]
    hint = 'write plain digits; a length of time is a text: "30d"'
    if behind.lower() in MONEY:
        hint = AMOUNTS
    return ExpressionError("bad_number", say("{found} is no number", found=found + behind), at, end + len(behind), hint)


def misplaced(op: str) -> str:
    """The hint for an operator or bracket that cannot stand where it does."""
    match op:
        case ")" | "]":
            return say("no {value} is open for it", value="(" if op == ")" else "[")
        case "[":
            return 'a list has no numbered items; ask with event.items.exists(i, i.sku == "A1")'
        case "(":
            return "only functions are called: count(…)"
        case ".":
            return "a number has a digit before its point: 0.5"
        case "%":
            return "a percentage is a number: 0.05"
        case ":":
            return "a : goes with a ?: test ? then : otherwise"
        case _:
            return ""
