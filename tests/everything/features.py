"""What the language has, by its own registries, and what of it a playbook uses: both as sets of names.

Keys, words and shapes come of the schema of playbook files, functions and operators of the typer, tags and filters of
the renderer. Whoever adds to one of them is told that the playbook of everything lacks it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from messaging.render.dates import DIRECTIVES
from messaging.render.filters import FILTERS
from messaging.render.scan import TAGS
from rules.lint.parts import expressions_of, held_conditions
from rules.loader import load
from rules.model import Step, walk_steps
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.read import read
from rules.schema.shapes import CHANNEL, SECTIONS, SHAPES
from schemas.catalogue import RESERVED_EVENTS
from schemas.times import _UNITS as UNITS
from segments import functions, named, syntax
from segments.model import leaves
from segments.tree import _LEVELS as OPERATORS
from segments.typing import _META as META
from segments.typing import _TEXT_TESTS as TEXT_TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Dictionary

    from rules.model import Playbook
    from rules.schema.kinds import Kind
    from segments.model import Condition, Expression

__all__ = ["Feature", "of_the_language", "used_by"]

Feature = tuple[str, ...]
_INPUT = re.compile(r"\$\{ *inputs\.\w+ *\}")
_REF = "#/definitions/"


# -- what there is


def of_the_language() -> set[Feature]:
    """Every feature that there is."""
    found: set[Feature] = {("section", name) for name in SECTIONS}
    for name, (kind, _) in SECTIONS.items():
        found |= set(_of_kind(kind, (name,)))
    for name, shape in SHAPES.items():
        for key, each in shape.keys.items():
            if not each.later:
                found |= {("key", name, key), *_of_kind(each.kind, (name, key))}
    return found | set(_of_conditions()) | set(_of_expressions()) | set(_of_templates())


def _of_kind(kind: Kind, at: Feature) -> Iterator[Feature]:
    """The forms and words that may stand at a place."""
    forms = kind.get("anyOf", [])
    for form in forms:
        yield ("form", *at, _form(form))
        yield from _of_kind(form, at)
    for word in kind.get("enum", []):
        yield ("word", *_words_of(kind, at), str(word))
    for inner in ("items", "additionalProperties", "propertyNames"):
        if isinstance(kind.get(inner), dict):
            yield from _of_kind(kind[inner], at)


def _words_of(kind: Kind, at: Feature) -> Feature:
    """Where words count: each channel once, wherever it stands; all others at each place that allows them."""
    return ("channel",) if kind.get("enum") == CHANNEL["enum"] else at


def _form(kind: Kind) -> str:
    """A name of one of several forms that a value may have."""
    if "$ref" in kind:
        return str(kind["$ref"].removeprefix(_REF))
    return "words" if "enum" in kind else str(kind.get("type", "anything"))


def _of_conditions() -> Iterator[Feature]:
    yield from (("condition", form) for form in ("list", "text", "all", "any", "not"))


def _of_expressions() -> Iterator[Feature]:
    yield from (("syntax", kind.__name__) for kind in get_args(syntax.Expr))
    yield from (("operator", op) for op in (*OPERATORS, "!", "minus"))
    made = functions.FUNCTIONS.items()
    yield from (("function", name) for name, maker in made if maker.__name__ != "_missing")
    yield from (("function", "count", "3"), ("function", "sequence", "3"))
    yield from (("method", name) for name in (*TEXT_TESTS, "size", "exists", "all"))
    yield from (("base", base) for base in ("event", "reply", "profile", *named.BASES))
    yield from (("meta", name) for name in META)
    yield from (("name", "now"), ("name", "profile.stage"))
    yield from (("literal", name) for name in ("bool", "int", "Decimal", "str", "NoneType"))
    yield from (("step", kind.__name__) for kind in get_args(Step))
    yield from (("unit", unit) for unit in UNITS)
    yield from (("input in place of a value",), ("trait from",))
    yield from (("event", name) for name in RESERVED_EVENTS)


def _of_templates() -> Iterator[Feature]:
    yield from (("tag", tag) for tag in TAGS)
    yield from (("filter", name) for name in FILTERS)
    yield from (("date", directive) for directive in DIRECTIVES)
    yield from (("shown", base) for base in ("person", "event", "reply", "coupon", "community", "inputs"))


# -- what is used


def used_by(files: Dictionary[str, str]) -> set[Feature]:
    """Every feature that the files of a playbook use."""
    found: set[Feature] = set()
    for name, text in files.items():
        root, findings = load(text, name)
        assert isinstance(root, Mapping), findings
        for section, entry in root.entries.items():
            found |= {("section", section), *_in(entry.value, SECTIONS[section][0], (section,))}
    reading = read(files)
    for expression in _expressions(reading.playbook):
        found |= set(_in_expression(expression))
    rules = reading.playbook.rules.values()
    found |= {("step", type(step).__name__) for rule in rules for _, step in walk_steps(rule.then)}
    return found | _in_texts(reading.playbook.templates)


def _in(node: Node, kind: Kind, at: Feature) -> Iterator[Feature]:
    """What a value uses, read as its kind."""
    if isinstance(node, Scalar) and _INPUT.fullmatch(node.text):
        yield ("input in place of a value",)
        return
    if "$ref" in kind:
        yield from _in_shape(node, kind["$ref"].removeprefix(_REF))
    for form in kind.get("anyOf", []):
        if _fits(node, form):
            yield ("form", *at, _form(form))
            yield from _in(node, form, at)
            break
    if isinstance(node, Scalar):
        words = _words_of(kind, at)
        yield from (("word", *words, str(word)) for word in kind.get("enum", []) if word == node.value)
        yield from (("unit", unit) for unit in re.findall(r"(?<=\d)(?:ms|[smhdw])", node.text) if _is_duration(kind))
        yield from (("event", node.text),) if kind.get("x-names") == "events" else ()
    for item in node.items if isinstance(node, Sequence) else ():
        yield from _in(item, kind.get("items", {}), at)
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        yield from _in(entry.value, kind.get("additionalProperties", {}), at)
        if key in kind.get("propertyNames", {}).get("enum", []):
            yield ("word", *_words_of(kind["propertyNames"], at), key)


def _is_duration(kind: Kind) -> bool:
    return "ms|s|m|h|d|w" in kind.get("pattern", "")


def _in_shape(node: Node, shape: str) -> Iterator[Feature]:
    if shape == "condition":
        yield from _in_condition(node)
        return
    for key, entry in node.entries.items() if isinstance(node, Mapping) else ():
        each = SHAPES[shape].keys[key]
        yield ("key", shape, key)
        if (shape, key) == ("trait", "from"):
            yield ("trait from",)
        yield from _in(entry.value, each.kind, (shape, key))


def _in_condition(node: Node) -> Iterator[Feature]:
    match node:
        case Scalar():
            yield ("condition", "text")
        case Sequence(items):
            yield ("condition", "list")
            for item in items:
                yield from _in_condition(item)
        case Mapping(entries):
            for key, entry in entries.items():
                yield from (("condition", key), ("key", "condition", key))
                yield from _in_condition(entry.value)


def _fits(node: Node, kind: Kind) -> bool:
    """Whether a value looks like one of this kind: enough to tell the forms of one place apart."""
    if "anyOf" in kind:
        return any(_fits(node, form) for form in kind["anyOf"])
    if kind.get("$ref") == f"{_REF}condition":
        return True
    if "$ref" in kind:
        return isinstance(node, Mapping)
    if "enum" in kind:
        return isinstance(node, Scalar) and node.value in kind["enum"]
    kinds: dict[str, type[Node]] = {"array": Sequence, "object": Mapping}
    wanted = kind.get("type", "string")
    return isinstance(node, kinds.get(wanted if isinstance(wanted, str) else "", Scalar)) and (
        wanted != "null" or (isinstance(node, Scalar) and node.value is None)
    )


def _expressions(playbook: Playbook) -> Iterator[Expression]:
    conditions: list[Condition] = [held.condition for held in held_conditions(playbook)]
    conditions += playbook.definitions.lets.values()
    for condition in conditions:
        yield from leaves(condition)
    for rule in playbook.rules.values():
        yield from expressions_of(rule)


def _in_expression(expression: Expression) -> Iterator[Feature]:
    for node in syntax.walk(expression.expr):
        yield ("syntax", type(node).__name__)
        match node:
            case syntax.Literal(value=value):
                yield ("literal", type(value).__name__)
            case syntax.Binary(op=op):
                yield ("operator", op)
            case syntax.Unary(op=op):
                yield ("operator", "minus" if op == "-" else op)
            case syntax.Call(function=name, args=args):
                yield from (("function", name), ("function", name, str(len(args))))
            case syntax.Method(name=name) | syntax.Quantifier(kind=name):
                yield ("method", name)
            case syntax.Select(operand=syntax.Name(name=base), field=name):
                yield from (("base", base), (base, name), ("name", f"{base}.{name}"))
            case syntax.Name(name=name):
                yield ("name", name)


def _in_texts(templates: Dictionary[str, Any]) -> set[Feature]:
    texts = [text for each in templates.values() for by in each.channels.values() for text in by.values()]
    source = " ".join(part for text in texts for part in (text.subject, text.body))
    found: set[Feature] = {("tag", tag) for tag in re.findall(r"{%-?\s*(\w+)", source)}
    found |= {("filter", name) for name in re.findall(r"\|\s*(\w+)", source)}
    found |= {("date", directive) for directive in DIRECTIVES if directive in source}
    return found | {("shown", base) for base in re.findall(r"{{\s*(\w+)\.", source)}
