"""What the YAML parser complains of, said so that an operator knows what to write instead."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.yaml_source import is_expression, quoted
from schemas.texts import say

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

    from rules.yaml_source import Source
    from schemas.findings import Finding

__all__ = ["BRACES", "COLON", "FLOW", "HASH", "QUOTE", "TAG", "Last", "fault_of", "unquoted"]

TAG = "a leading ! is a YAML tag"
QUOTE = "a quoted value ends at its closing quote, and this goes on behind it"
FLOW = "inside {…} and […] a comma or bracket ends it"
COLON = "': ' makes a key of what stands before it"
HASH = "' #' begins a comment"
BRACES = "a leading {{ begins a mapping"
_KEY = re.compile(r"""\s*(?:"[^"\n]*"|'[^'\n]*'|[^\s"'{}\[\],:][^\n"'{}\[\],:]*):\s+""")
_TIGHT = re.compile(r"(?P<key>[\w.-]+) *(?P<colon>:(?=[^\s/])|：)")
_NEGATED = re.compile(r"(?:^|[:,-] |[{\[]) *(?P<value>![^\s!=])")
_ENTRY_LIMIT, _SHOWN = 10_000, 300


class Last(NamedTuple):
    """The scalar that was read last: where it begins and ends, and its quote, if it has one."""

    start: int
    end: int
    style: str | None


class _Sentence(NamedTuple):
    code: str
    message: str
    hint: str
    at_context: bool = False


_MANY_LINES = _Sentence(
    "yaml_open_quote",
    "the quote that opens here is not closed",
    "close it; a quote within '…' is written ''",
    at_context=True,
)
_ESCAPE = _Sentence("yaml_escape", 'unknown escape in "…"', "write \\\\ for a backslash, or put the text in '…'")
_HEADER = _Sentence(
    "yaml_block_text",
    "nothing may follow | or > in its line",
    "the text begins in the next line; otherwise put it in quotes",
)
_CHARACTER = _Sentence("yaml_character", "a plain text cannot begin with this character", "put the text in quotes")
_SENTENCES = (
    ("found character '\\t'", _Sentence("yaml_tab", "a tab stands here", "YAML is indented with spaces")),
    ("that cannot start any token", _CHARACTER),
    (
        "mapping values are not allowed here",
        _Sentence(
            "yaml_colon",
            "no key can stand here",
            "give each key its own line, indented like its neighbours, with a space behind the colon; "
            "a text that has ': ' in it needs quotes",
        ),
    ),
    (
        "mapping keys are not allowed here",
        _Sentence("yaml_character", "a plain text cannot begin with '? '", "put the text in quotes"),
    ),
    (
        "could not find expected ':'",
        _Sentence(
            "yaml_missing_colon",
            "this is neither a key nor a value",
            "a key has a colon and a space behind it",
            at_context=True,
        ),
    ),
    (
        "sequence entries are not allowed here",
        _Sentence("yaml_indent", "no list can begin here", "begin the list in the next line, each item with '- '"),
    ),
    ("found unexpected end of stream", _MANY_LINES),
    ("found unexpected document separator", _MANY_LINES),
    ("escape", _ESCAPE),
    ("expected chomping or indentation", _HEADER),
    ("expected a comment or a line break", _HEADER),
    ("expected indentation indicator", _HEADER),
    (
        "more indented follow up line",
        _Sentence(
            "yaml_indent", "the first lines of this text are indented differently", "begin with a line that holds text"
        ),
    ),
    (
        "expected <block end>",
        _Sentence("yaml_indent", "this line fits in with none above it", "indent it like the lines it belongs to"),
    ),
    (
        "expected the node content",
        _Sentence("yaml_syntax", "a value is missing here", "write it, or take the comma or bracket away"),
    ),
    (
        "expected '<document start>'",
        _Sentence(
            "yaml_syntax", "the file has ended before this", "is a bracket closed twice, or a line not indented?"
        ),
    ),
)


def unquoted(source: Source, start: int, text: str, why: str) -> Finding:
    """The finding that the text at `start` needs quotes."""
    message, length = say("this needs quotes in YAML: {why}", why=why), len(text.partition("\n")[0])
    return source.finding(start, "yaml_unquoted", message, _write(text), length=length)


def _write(text: str) -> str:
    return say("write {quoted}", quoted=quoted(text)) if len(text) <= _SHOWN else "put the whole of it in quotes"


def fault_of(source: Source, error: MarkedYAMLError, last: Last | None) -> Finding:
    """The finding for a syntax error. `last`: the scalar that was read before it."""
    problem = error.problem or error.context or ""
    context = error.context or ""
    at = _index(source, error.problem_mark)
    since = at if error.context_mark is None else _index(source, error.context_mark)
    if context.endswith("tag") or "undefined tag" in problem:
        return _tag(source, since)
    if "anchor" in context or "alias" in context:
        return source.finding(
            since, "yaml_anchor", "a leading & or * makes an anchor or alias", "put the text in quotes"
        )
    if "directive" in context + problem or "duplicate tag" in problem:
        return source.finding(since, "yaml_directive", "directives are not allowed", "take the line away")
    if "flow" in context and "expected ','" in problem:
        return _in_flow(source, since, at, problem)
    if "expected the node content" in problem and not source.text[at:].strip():
        opened = len(source.text[:at].rstrip()) - 1
        if source.text[opened] in "[{":
            return _bracket(source, opened, at, "stream end")
    better = _unspaced(source, since, at, last, problem)
    if better is not None:
        return better
    return _behind_quote(source, at, last) or _colon(source, at, last, problem) or _general(source, since, at, problem)


def _index(source: Source, mark: object) -> int:
    return min(int(getattr(mark, "index", 0)), len(source.text))


def _tag(source: Source, start: int) -> Finding:
    for text in (source.continued(start), source.value(start, flow=False), source.value(start, flow=True)):
        if is_expression(text):
            return unquoted(source, start, text, TAG)
    return source.finding(start, "yaml_tag", TAG, "put the text in quotes")


def _behind_quote(source: Source, at: int, last: Last | None) -> Finding | None:
    if last is None or last.style not in {'"', "'"} or source.text[last.end : at].strip(" ") or at >= len(source.text):
        return None
    if not source.same_line(last.start, at):
        line = source.mark(at).line
        message = say("the quote that opens here is closed in line {line} only, where text follows", line=line)
        return source.finding(last.start, "yaml_open_quote", message, "is its closing quote missing?")
    text = source.value(last.start, flow=False)
    if is_expression(text):
        return unquoted(source, last.start, text, QUOTE)
    return source.finding(at, "yaml_quote", "text follows behind the closing quote", _write(text))


def _colon(source: Source, at: int, last: Last | None, problem: str) -> Finding | None:
    if "mapping values" not in problem or last is None:
        return None
    if not source.same_line(last.start, at):
        return None
    text = source.value(last.start, flow=False)
    if is_expression(text):
        return unquoted(source, last.start, text, COLON)
    message = "a text with ': ' in it needs quotes"
    return source.finding(at, "yaml_colon", message, _write(text))


def _unspaced(source: Source, since: int, at: int, last: Last | None, problem: str) -> Finding | None:
    """A key without a space behind its colon is a text that goes on in the next line: the fault shows there only."""
    if "could not find expected ':'" in problem:
        return _tight_colon(source, since)
    if last is None or source.same_line(last.start, at):
        return None
    if any(part in problem for part in ("mapping values", "<block end>", "<document start>")) and last.style is None:
        tight = _tight_colon(source, last.start)
        if tight is not None:
            return tight
    return _outdented(source, at, last) if "<block end>" in problem else None


def _tight_colon(source: Source, start: int) -> Finding | None:
    key = _TIGHT.match(source.text, start)
    if key is None:
        return None
    hint = say("write `{key} …`", key=key["key"] + ":")
    message = "a space is missing behind this colon" if key["colon"] == ":" else "this colon is full-width punctuation"
    return source.finding(key.start("colon"), "yaml_missing_space", message, hint)


def _outdented(source: Source, at: int, last: Last) -> Finding | None:
    """The line above one that fits in with none, if that one fits in with the line before: it lost its indentation."""
    here, above = source.mark(at).column, source.indent(last.start)
    if above + 1 < here and source.has_indent_before(last.start, here - 1):
        message, hint = "this line is indented less than its neighbours", "indent it like the lines it belongs to"
        return source.finding(source.line_start(last.start) + above, "yaml_indent", message, hint)
    return None


def _negated(source: Source, at: int) -> Finding | None:
    """`!a > 1`, `!a || b`: a tag, and then what looks like the head of a text over several lines, or like nothing."""
    start = source.line_start(at)
    for found in _NEGATED.finditer(source.text, start, at):
        begin = found.start("value")
        for text in (source.continued(begin), source.value(begin, flow=False), source.value(begin, flow=True)):
            if is_expression(text):
                return unquoted(source, begin, text, TAG)
    return None


def _in_flow(source: Source, opened: int, at: int, problem: str) -> Finding:
    """Something other than a comma or the closing bracket: an expression that needs quotes, or a bracket left open."""
    start: int | None = opened + 1
    while start is not None and start - opened < _ENTRY_LIMIT:
        start = source.skip_space(start)
        text = source.value(start, flow=True)
        if start + len(text) >= at:
            return _entry(source, start, text) or _bracket(source, opened, at, problem)
        comma = source.skip_space(start + len(text))
        start = comma + 1 if source.text[comma : comma + 1] == "," else None
    return _bracket(source, opened, at, problem)


def _entry(source: Source, begin: int, text: str) -> Finding | None:
    key = _KEY.match(text)
    for skip in (0, key.end() if key is not None else 0):
        if is_expression(text[skip:]):
            why = QUOTE if text[skip] in "\"'" else FLOW
            return unquoted(source, begin + skip, text[skip:], why)
    return None


def _bracket(source: Source, opened: int, at: int, problem: str) -> Finding:
    closing = "]" if source.text[opened] == "[" else "}"
    if not source.same_line(opened, at) or "stream end" in problem:
        message = say("the {text} that opens here is not closed", text=source.text[opened])
        return source.finding(opened, "yaml_open_bracket", message, say("add {closing}", closing=closing))
    hint = say(
        "put a comma or {closing} before it; a text with brackets, commas, quotes or ': ' in it needs quotes",
        closing=closing,
    )
    return source.finding(at, "yaml_comma", say("neither a comma nor {closing} stands here", closing=closing), hint)


def _general(source: Source, since: int, at: int, problem: str) -> Finding:
    if source.text[at : at + 1] in {"]", "}"}:
        return source.finding(
            at, "yaml_bracket", say("no bracket is open for this {text}", text=source.text[at]), "take it away"
        )
    for beginning, sentence in _SENTENCES:
        if beginning in problem:
            better = _negated(source, at) if sentence in {_HEADER, _CHARACTER} else None
            if better is not None:
                return better
            place = since if sentence.at_context else at
            return source.finding(place, sentence.code, sentence.message, sentence.hint)
    return source.finding(at, "yaml_syntax", "this is no YAML", "compare it with the lines around it")
