from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segments.syntax import (
    Binary,
    Call,
    Conditional,
    Expr,
    ExpressionError,
    Has,
    ListLiteral,
    Literal,
    Method,
    Name,
    Quantifier,
    Select,
    Unary,
    children,
    parse,
    unparse,
    walk,
)


def shape(expr: Expr) -> object:
    """The tree without its places."""
    match expr:
        case Literal(value=value):
            return type(value).__name__, str(value)
        case Name(name=name):
            return name
        case Select(field=name) | Method(name=name) | Call(function=name) | Unary(op=name) | Binary(op=name):
            return type(expr).__name__, name, *map(shape, children(expr))
        case Quantifier(kind=kind, variable=variable):
            return kind, variable, *map(shape, children(expr))
        case ListLiteral() | Has() | Conditional():
            return type(expr).__name__, *map(shape, children(expr))


def error_of(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    return caught.value


def name(value: str, start: int) -> Name:
    return Name(start, start + len(value), value)


# ---------------------------------------------------------------- trees


def test_a_tree_has_the_place_of_every_node() -> None:
    assert parse('has(a.b) && !c.startsWith("x")') == Binary(
        0,
        30,
        "&&",
        Has(0, 8, Select(4, 7, name("a", 4), "b")),
        Unary(12, 30, "!", Method(13, 30, name("c", 13), "startsWith", (Literal(26, 29, "x"),))),
    )


def test_a_quantifier_binds_a_name_over_a_list() -> None:
    assert parse("e.items.all(i, i.n > 1)") == Quantifier(
        0,
        23,
        "all",
        Select(0, 7, name("e", 0), "items"),
        "i",
        Binary(15, 22, ">", Select(15, 18, name("i", 15), "n"), Literal(21, 22, 1)),
    )


def test_brackets_belong_to_the_node_within() -> None:
    assert parse(" ( a ) ") == Name(1, 6, "a")


@pytest.mark.parametrize(
    ("text", "bracketed"),
    [
        ("a || b && c", "a || (b && c)"),
        ("a && b || c && d", "(a && b) || (c && d)"),
        ("!a && b", "(!a) && b"),
        ("!a.b", "!(a.b)"),
        ("!a == b", "(!a) == b"),
        ("-a * b", "(-a) * b"),
        ("a + b * c - d", "(a + (b * c)) - d"),
        ("a - b - c", "(a - b) - c"),
        ("a / b % c * d", "((a / b) % c) * d"),
        ("a + 1 > b && c", "((a + 1) > b) && c"),
        ("a in [1] || b", "(a in [1]) || b"),
        ("a ? b : c ? d : e", "a ? b : (c ? d : e)"),
        ("a || b ? c && d : e", "(a || b) ? (c && d) : e"),
        ("a--1", "a - (-1)"),
        ("f(a, b).c", "(f(a, b)).c"),
    ],
)
def test_operators_bind_as_in_cel(text: str, bracketed: str) -> None:
    assert shape(parse(text)) == shape(parse(bracketed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("5000", 5000),
        ("-5", -5),
        ("- 5", -5),
        ("--5", 5),
        ("-(5)", -5),
        ("10.50", Decimal("10.50")),
        ("1e3", Decimal("1e3")),
        ("2.5E-3", Decimal("2.5E-3")),
        ("9" * 30, int("9" * 30)),
        (f"-{'9' * 29}.5", Decimal(f"-{'9' * 29}.5")),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"a b"', "a b"),
        ("'\"'", '"'),
        ("'中文，（）'", "中文，（）"),
        (r'"\"\\\n\t\x41\u4e2d\U0001F600\101\'\?\`"', "\"\\\n\tA中😀A'?`"),
        (r'r"\d+\."', r"\d+\."),
        ("R'\\n'", "\\n"),
        ('""', ""),
    ],
)
def test_a_literal_is_exactly_what_is_written(text: str, value: object) -> None:
    expr = parse(text)

    assert isinstance(expr, Literal)
    assert (expr.value, type(expr.value), str(expr.value)) == (value, type(value), str(value))
    assert (expr.start, expr.end) == (0, len(text))


def test_white_space_and_line_breaks_separate_and_mean_nothing() -> None:
    assert shape(parse("\n a\t==\r\n 1 ")) == shape(parse("a==1"))


def test_a_walk_meets_parents_first_and_else_the_order_of_the_text() -> None:
    nodes = list(walk(parse("f(a, [b]) ? !c : d.e + x.all(y, z)")))

    assert [node.name for node in nodes if isinstance(node, Name)] == ["a", "b", "c", "d", "x", "z"]
    for node in nodes:
        assert all(node.start <= child.start and child.end <= node.end for child in children(node))
        assert all(one.end <= other.start for one, other in pairwise(children(node)))


# ---------------------------------------------------------------- what operators write by mistake

MISTAKES = [
    ("a = 1", "single_equals", 2, 3, "== ?"),
    ("event.x=1", "single_equals", 7, 8, "== ?"),
    ("a === 1", "bad_operator", 2, 5, "== ?"),
    ("a <> 1", "bad_operator", 2, 4, "!= ?"),
    ("a !== 1", "bad_operator", 2, 5, "!= ?"),
    ("a => 1", "bad_operator", 2, 4, ">= ?"),
    ("a =< 1", "bad_operator", 2, 4, "<= ?"),
    ("a & b", "bad_operator", 2, 3, "&& ?"),
    ("a | b", "bad_operator", 2, 3, "|| ?"),
    ("a and b", "word_operator", 2, 5, "&& ?"),
    ("a AND b", "word_operator", 2, 5, "&& ?"),
    ("f(a or b)", "word_operator", 4, 6, "|| ?"),
    ("not a", "word_operator", 0, 3, "write !"),
    ("not (a || b)", "word_operator", 0, 3, "write !"),
    ("a not in [1]", "word_operator", 2, 5, "!("),
    ("a is null", "word_operator", 2, 4, "has("),
    ('a contains "x"', "word_operator", 2, 10, ".contains("),
    ('a LIKE "x"', "word_operator", 2, 6, ".contains("),
    ("a between 1 and 2", "word_operator", 2, 9, "<="),
    ("（a > 1）", "full_width", 0, 1, "write ("),
    ("f(a，b)", "full_width", 3, 4, "write ,"),
    ("a ＞ 1", "full_width", 2, 3, "write >"),
    ("a ＝ 1", "full_width", 2, 3, "write =="),
    ("a == “x”", "full_width", 5, 6, 'write "'),
    ("a ≥ 1", "unknown_character", 2, 3, "write >="),
    ("a 且 b", "unknown_character", 2, 3, "write &&"),
    ("a > ￥5", "unknown_character", 4, 5, "plain numbers"),
    ("a > $5", "unknown_character", 4, 5, "plain numbers"),
    ("金额 > 5", "unknown_character", 0, 2, "quotes"),
    ("a\u00a0> 1", "unknown_character", 1, 2, "space"),
    ("a\u3000> 1", "unknown_character", 1, 2, "space"),
    ("\u200ba > 1", "unknown_character", 0, 1, "delete it"),
    ("a ; b", "unknown_character", 2, 3, "one condition"),
    ("a # why", "unknown_character", 2, 3, "comments"),
    ("{{ a }}", "unknown_character", 0, 1, "braces"),
    ("a @ b", "unknown_character", 2, 3, "quotes"),
    ('a == "x', "open_text", 5, 6, 'end it with "'),
    ("a == 'x\ny'", "open_text", 5, 6, "same line"),
    ('"\\', "bad_escape", 1, 2, "backslash"),
    (r'"\d"', "bad_escape", 1, 3, 'r"…"'),
    (r'"\u12"', "bad_escape", 1, 3, 'r"…"'),
    (r'"\ud800"', "bad_escape", 1, 3, 'r"…"'),
    (r'"\000"', "bad_escape", 1, 3, 'r"…"'),
    (r'"\U00110000"', "bad_escape", 1, 3, 'r"…"'),
    ('"a\x00"', "unknown_character", 2, 3, "delete it"),
    ('count("x", 30d) > 1', "bare_duration", 11, 14, 'duration("30d")'),
    ("now - 1d12h", "bare_duration", 6, 11, '"1d12h"'),
    ("a > 90ms", "bare_duration", 4, 8, '"90ms"'),
    ("a > 7天", "bad_number", 4, 6, '"30d"'),
    ("a > 30days", "bad_number", 4, 10, '"30d"'),
    ("a < 2026-05-01", "bare_date", 4, 14, '"2026-05-01"'),
    ("a > 5,000", "thousands", 4, 9, "write 5000"),
    ("f(a > 5,000,000)", "thousands", 6, 15, "write 5000000"),
    ("(a > 5,250)", "thousands", 5, 10, "write 5250"),
    ("a > 5_000", "thousands", 4, 9, "write 5000"),
    ("a > 007", "bad_number", 4, 7, "zero"),
    ("0x1F", "bad_number", 0, 4, "plain digits"),
    ("5u", "bad_number", 0, 2, "plain digits"),
    ("5.", "bad_number", 0, 2, "5.0"),
    ("a > .5", "unexpected", 4, 5, "0.5"),
    ("9" * 31, "bad_number", 0, 31, ""),
    ("1e61", "bad_number", 0, 4, ""),
    ("1e-99999999999999999999", "bad_number", 0, 23, ""),
    ("9**9**9", "unexpected", 2, 3, ""),
    ("", "empty", 0, 1, "leave the key out"),
    (" \n", "empty", 0, 1, "leave the key out"),
    ("a b", "trailing", 2, 3, "&& or ||"),
    ("a)", "trailing", 1, 2, "no ( is open"),
    ("a]", "trailing", 1, 2, "no [ is open"),
    ("a[0]", "trailing", 1, 2, "exists("),
    ("a.b: c", "trailing", 3, 4, "test ? then"),
    ('"a" "b"', "trailing", 4, 7, "&& or ||"),
    ("'in' 'in' 'x'", "trailing", 5, 9, "&& or ||"),
    ("(a", "missing_bracket", 0, 1, "add a )"),
    ("f(a, [1, 2)", "missing_bracket", 10, 11, ""),
    ("[1, 2", "missing_bracket", 0, 1, "add a ]"),
    ("f(a b)", "missing_bracket", 4, 5, "&& or ||"),
    ("(f)(a)", "trailing", 3, 4, "functions"),
    ("f(,)", "unexpected", 2, 3, ""),
    ("f(a,)", "unfinished", 3, 4, ""),
    ("a &&", "unfinished", 2, 4, ""),
    ("a in", "unfinished", 2, 4, ""),
    ("&& a", "unexpected", 0, 2, ""),
    ("a == in", "unexpected", 5, 7, ""),
    ("a.", "missing_name", 1, 2, ""),
    ("a.1", "missing_name", 1, 3, ""),
    ("a.true", "missing_name", 1, 6, ""),
    ("a.in", "missing_name", 1, 4, ""),
    ("a ? b", "missing_else", 2, 3, "otherwise"),
    ("a ? b ? 1 : 2 : 3", "missing_else", 2, 3, "brackets"),
    ("a < b < c", "chained", 6, 7, "a < b && b < c"),
    ("a == b == c", "chained", 7, 9, "&&"),
    ("has(a)", "bad_has", 0, 6, "has(event.coupon)"),
    ("has(a.b, c.d)", "bad_has", 0, 13, "has(event.coupon)"),
    ("a.exists(i)", "bad_quantifier", 2, 11, "exists(i,"),
    ("a.all(i.x, true)", "bad_quantifier", 2, 16, "all(i,"),
    ("lambda: 1", "trailing", 6, 7, ""),
    ("a := 1", "single_equals", 3, 4, "== ?"),
    ("[x for x in y]", "missing_bracket", 3, 6, ""),
    ('f"{a}"', "trailing", 1, 6, ""),
    ("a; __import__('os')", "unknown_character", 1, 2, ""),
    ("a if b else c", "word_operator", 2, 4, "test ? then : otherwise"),
]


@pytest.mark.parametrize(("text", "code", "start", "end", "hint"), MISTAKES)
def test_a_mistake_is_answered_at_its_place_with_what_to_write(
    text: str, code: str, start: int, end: int, hint: str
) -> None:
    error = error_of(text)

    assert (error.code, error.start, error.end) == (code, start, end)
    assert error.message
    assert hint in error.hint


def test_a_large_text_is_refused_before_it_is_read() -> None:
    assert error_of("a" * 4_001).code == "too_long"
    assert error_of("(" * 1_000_000).code == "too_long"
    assert parse("a" * 4_000) == name("a" * 4_000, 0)


@pytest.mark.parametrize("opening", ["(", "[", "f(", "!(", "-(", "a.all(i, ", "a ? b : ", "has(", "a.b(c, "])
def test_nesting_has_a_limit(opening: str) -> None:
    assert error_of(opening * 40).code == "too_deep"


def test_thirty_two_levels_are_allowed() -> None:
    assert shape(parse("(" * 31 + "a" + ")" * 31)) == "a"
    assert error_of("(" * 32 + "a" + ")" * 32).code == "too_deep"


@pytest.mark.parametrize("text", ["-" * 33 + "a", "!" * 3_000 + "a", "a" + ".b" * 200, "1" + " + 1" * 200])
def test_a_tree_has_a_height_that_any_reader_can_take(text: str) -> None:
    assert error_of(text).code == "too_deep"


def test_a_tree_of_many_nodes_is_refused() -> None:
    assert error_of("[" + "1," * 1_000 + "1]").code == "too_long"
    assert len(list(walk(parse("[" + "1," * 998 + "1]")))) == 1_000


@pytest.mark.parametrize("op", ["&&", "||"])
def test_a_long_chain_of_conditions_is_a_flat_tree_in_the_order_of_the_text(op: str) -> None:
    expr = parse(f" {op} ".join(f"a{i}" for i in range(400)))

    assert [node.name for node in walk(expr) if isinstance(node, Name)] == [f"a{i}" for i in range(400)]
    assert height(expr) == 10


def height(expr: Expr) -> int:
    return 1 + max(map(height, children(expr)), default=0)


# ---------------------------------------------------------------- properties

identifiers = st.sampled_from(["a", "event", "profile", "_x1", "inn", "nulls", "r", "and_", "count"])
decimals = st.decimals(min_value=0, max_value=10**20, places=3).map(str) | st.sampled_from(["1e3", "0.00", "5E-7"])
strings = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
quoted = strings.map(lambda text: unparse(Literal(0, 0, text)))
atoms = identifiers | st.integers(0, 10**25).map(str) | decimals | quoted | st.sampled_from(["true", "false", "null"])


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bracketed = inner.map("({})".format)
    lists = st.lists(inner, max_size=3).map(", ".join)
    return st.one_of(
        bracketed,
        st.tuples(st.sampled_from("!-"), bracketed | atoms).map("".join),
        st.tuples(bracketed | atoms, st.sampled_from(OPERATORS), bracketed | atoms).map(" ".join),
        st.tuples(st.sampled_from(["&&", "||"]), st.lists(bracketed | atoms, min_size=2, max_size=7)).map(
            lambda pair: f" {pair[0]} ".join(pair[1])
        ),
        st.tuples(bracketed, bracketed, inner).map(lambda parts: f"{parts[0]} ? {parts[1]} : {parts[2]}"),
        lists.map("[{}]".format),
        st.tuples(identifiers, lists).map(lambda parts: f"{parts[0]}({parts[1]})"),
        st.tuples(bracketed, identifiers).map(".".join),
        st.tuples(bracketed, identifiers, lists).map(lambda parts: f"{parts[0]}.{parts[1]}({parts[2]})"),
        st.tuples(bracketed, st.sampled_from(["exists", "all"]), identifiers, inner).map(
            lambda parts: f"{parts[0]}.{parts[1]}({parts[2]}, {parts[3]})"
        ),
        st.tuples(bracketed, identifiers).map(lambda parts: f"has({parts[0]}.{parts[1]})"),
        st.lists(atoms, min_size=2, max_size=6).map(" - ".join),
    )


OPERATORS = ["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "&&", "||"]
expressions = st.recursive(atoms, larger, max_leaves=12)


@given(expressions)
def test_the_canonical_text_of_a_tree_gives_the_same_tree(text: str) -> None:
    expr = parse(text)
    canonical = unparse(expr)

    assert shape(parse(canonical)) == shape(expr)
    assert unparse(parse(canonical)) == canonical


@given(expressions)
def test_the_text_at_the_place_of_a_node_is_that_node(text: str) -> None:
    for node in walk(parse(text)):
        assert shape(parse(text[node.start : node.end])) == shape(node)


PIECES = [
    *OPERATORS,
    *"()[]{}.,:?!'\"\\=&|@#",
    *[
        "and",
        "not",
        "r'",
        "5",
        "30d",
        "1.5",
        "1e5",
        "5,000",
        "a",
        "has(",
        "f(",
        ".all(i, ",
        "true",
        "（",
        "é",
        "\x00",
        "\n",
    ],
]


@given(st.lists(st.sampled_from(PIECES) | expressions, max_size=12).map(" ".join) | st.text())
def test_any_text_gives_a_tree_or_a_mistake_within_it(text: str) -> None:
    try:
        place: Expr | ExpressionError = parse(text)
    except ExpressionError as error:
        place = error

    assert 0 <= place.start < place.end <= max(1, len(text))
