"""From syntax to typed terms.

Names are resolved against the catalogue, types and units must fit, or a fault says where.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NoReturn

from schemas.catalogue import RESERVED_EVENTS, PropertyType
from schemas.findings import nearest
from schemas.texts import say
from segments import functions, syntax
from segments.allowed import check_texts
from segments.named import BASES, named_term
from segments.scope import REPLY, Scope, TypeFault
from segments.terms import (
    Choice,
    Clock,
    Constant,
    EventField,
    Given,
    Item,
    Items,
    ListOf,
    Meta,
    Operation,
    StageOf,
    Term,
    TermType,
    TextTest,
    Trait,
    factor,
)
from segments.units import agree, arithmetic, as_number, literal_as

if TYPE_CHECKING:
    from collections.abc import Sequence

    from segments.syntax import Expr

__all__ = ["Typer", "type_of_property"]

_META: dict[str, TermType] = {"id": "text", "time": "time", "name": "text", "source": "text"}
_COMPARE = ("==", "!=", "<", "<=", ">", ">=")
_TEXT_TESTS = ("startsWith", "endsWith", "contains", "matches")


def type_of_property(kind: PropertyType) -> TermType:
    """The term type of a catalogue type."""
    table: dict[str, TermType] = {"integer": "number", "boolean": "bool"}
    return table.get(kind.type, kind.type)  # type: ignore[arg-type]


class Typer:
    """Types one expression; raises `TypeFault` at the first fault."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.variables: dict[str, dict[str, PropertyType]] = {}
        self.open_traits: list[str] = []
        self.open_lets: list[str] = []

    def condition(self, expr: Expr) -> Term:
        """An expression that must be true or false."""
        term = self.term(expr)
        if term.type != "bool":
            hint = "compare it with something: … >= 3"
            raise TypeFault(
                "not_a_condition", say("a condition is true or false, this is a {type}", type=term.type), expr, hint
            )
        return term

    def term(self, expr: Expr) -> Term:  # noqa: PLR0911 - one line a kind of syntax
        """The typed term of an expression."""
        match expr:
            case syntax.Literal():
                return _literal(expr)
            case syntax.ListLiteral():
                return self._list(expr)
            case syntax.Name():
                return self._name(expr)
            case syntax.Select():
                return self._select(expr)
            case syntax.Has():
                return Given("bool", self._select(expr.operand))
            case syntax.Call():
                return functions.call(self, expr)
            case syntax.Method():
                return self._method(expr)
            case syntax.Quantifier():
                return self._quantifier(expr)
            case syntax.Conditional():
                return self._choice(expr)
            case syntax.Unary():
                return self._unary(expr)
            case syntax.Binary():
                return self._binary(expr)
        raise AssertionError(expr)

    # -- names
    def _name(self, expr: syntax.Name) -> Term:
        if expr.name == "now":
            return Clock("time", "now")
        if expr.name in self.variables:
            self._fault("bad_item", say("name a property of {name}: {name}.sku", name=expr.name), expr)
        if expr.name in {"event", "profile", "meta", "reply", *BASES}:
            self._fault("bad_name", say("{name} alone is no value; name a part of it: {name}.…", name=expr.name), expr)
        meant = self.scope.meant(expr.name)
        if meant:
            message = say("unknown {what} {name!r}", what="name", name=expr.name)
            self._fault("unknown_name", message, expr, say("did you mean {meant}?", meant=meant))
        known = ["now", "event", "profile", "meta", *BASES, *functions.FUNCTIONS, *self.variables]
        return self._unknown("unknown_name", "name", expr.name, known, expr)

    def _select(self, expr: syntax.Select) -> Term:
        base = expr.operand
        if not isinstance(base, syntax.Name):
            inside = (
                isinstance(base, syntax.Select)
                and isinstance(base.operand, syntax.Name)
                and base.operand.name == "event"
            )
            hint = say("ask with {listed}.exists(i, i.{field} > 10)", listed=syntax.unparse(base), field=expr.field)
            message = "only event, profile, meta and the items of a list have parts"
            self._fault("bad_name", message, expr, hint if inside else "")
        if base.name in self.variables:
            return self._item(base.name, expr)
        match base.name:
            case "event":
                return self._event_field(expr)
            case "reply":
                return self._reply_field(expr)
            case "profile":
                return StageOf("text") if expr.field == "stage" else self._trait(expr)
            case "meta":
                return self._meta(expr)
            case "lists" | "let" | "inputs":
                return named_term(self, base.name, expr)
        known = ["event", "profile", "meta", *BASES, *self.variables]
        return self._unknown("unknown_name", "name", base.name, known, base)

    def _item(self, variable: str, expr: syntax.Select) -> Term:
        properties = self.variables[variable]
        if expr.field not in properties:
            self._unknown("unknown_property", "property of the items", expr.field, properties, expr)
        return Item(type_of_property(properties[expr.field]), variable, expr.field)

    def _event_field(self, expr: syntax.Select) -> Term:
        if self.scope.events is None:
            self._fault("no_event", "there is no event here; segments look at the person: count(…), profile.…", expr)
        kind = self.property_type(self.scope.events, expr.field, expr)
        return EventField(type_of_property(kind), expr.field)

    def _reply_field(self, expr: syntax.Select) -> Term:
        if not self.scope.reply:
            hint = "it is known under the `then` of a wait for an event"
            self._fault("no_event", "there is no reply here", expr, hint)
        kind = self.property_type(self.scope.reply, expr.field, expr)
        return EventField(type_of_property(kind), REPLY + expr.field)

    def property_type(self, events: Sequence[str], name: str, expr: Expr) -> PropertyType:
        """The one type of a property in all these events; a fault if one lacks it or they differ.

        Where any event may have caused the moment (rules on `enters`), it is enough that some event has it.
        """
        if self.scope.timed and events is self.scope.events:
            events = [e for e, kind in self.scope.catalogue.events.items() if name in kind.properties]
            if not events:
                known = {p for kind in self.scope.catalogue.events.values() for p in kind.properties}
                self._unknown("unknown_property", "property", name, sorted(known), expr)
        kinds = [self._one_property(event, name, expr) for event in events]
        if any(kind.type != kinds[0].type for kind in kinds):
            self._fault(
                "wrong_type", say("{name} has different types in {names}", name=name, names=", ".join(events)), expr
            )
        return kinds[0]

    def _one_property(self, event: str, name: str, expr: Expr) -> PropertyType:
        if event in RESERVED_EVENTS:
            return PropertyType("text")
        kind = self.scope.property_of(event, name)
        if kind is None:
            known = self.scope.catalogue.events[event].properties if event in self.scope.catalogue.events else {}
            self._unknown("unknown_property", say("property of {event}", event=event), name, known, expr)
        return kind

    def _trait(self, expr: syntax.Select) -> Term:
        kind = self.scope.catalogue.traits.get(expr.field)
        if kind is None:
            if expr.field in {"zone", "language"}:
                return Trait("text", expr.field)
            if expr.field in self.scope.segments:
                message = say("unknown {what} {name!r}", what="trait", name=expr.field)
                self._fault(
                    "unknown_trait", message, expr, say("did you mean {meant}?", meant=f'in_segment("{expr.field}")')
                )
            self._unknown("unknown_trait", "trait", expr.field, ["stage", *self.scope.catalogue.traits], expr)
        return Trait(type_of_property(PropertyType(kind.type)), expr.field, self._source(expr.field, kind.source, expr))

    def _source(self, name: str, source: str | None, expr: Expr) -> Term | None:
        if source is None:
            return None
        if name in self.open_traits:
            self._fault("trait_cycle", say("the trait {name} is computed from itself", name=name), expr)
        self.open_traits.append(name)
        try:
            term = self.term(syntax.parse(source))
        except TypeFault as fault:
            self._fault(
                fault.code,
                say(
                    "the trait {name} is computed `from: {source}`: {message}",
                    name=name,
                    source=source,
                    message=fault.message,
                ),
                expr,
                fault.hint,
            )
        finally:
            self.open_traits.pop()
        if factor(term):
            self._fault(
                "wrong_type",
                say("the trait {name} may not be computed from `now`: it would change all the time", name=name),
                expr,
            )
        return term

    def _meta(self, expr: syntax.Select) -> Term:
        if self.scope.events is None:
            self._fault("no_event", "there is no event here, so it has no envelope", expr)
        if expr.field not in _META:
            self._unknown("unknown_name", "part of meta", expr.field, _META, expr)
        return Meta(_META[expr.field], expr.field)  # type: ignore[arg-type]

    # -- shapes
    def _list(self, expr: syntax.ListLiteral) -> Term:
        items = [self.term(item) for item in expr.items]
        for item, source in zip(items, expr.items, strict=True):
            if item.type != items[0].type or not isinstance(item, Constant):
                self._fault("wrong_type", "the items of a list are literals of one type", source)
        return ListOf("list", tuple(items))

    def _method(self, expr: syntax.Method) -> Term:
        operand = self.term(expr.operand)
        if expr.name == "size":
            if operand.type not in {"text", "list"}:
                self._fault(
                    "wrong_type", say("size() is of a text or a list, this is a {type}", type=operand.type), expr
                )
            if isinstance(operand, ListOf):
                return Constant("number", len(operand.items))
            return TextTest("number", "size", operand)
        if expr.name not in _TEXT_TESTS:
            self._unknown("unknown_function", "method", expr.name, [*_TEXT_TESTS, "size", "exists", "all"], expr)
        if operand.type != "text" or len(expr.args) != 1:
            self._fault("wrong_type", say("{name}() is of a text and takes one text", name=expr.name), expr)
        argument = self.term(expr.args[0])
        if argument.type != "text":
            self._fault(
                "wrong_type",
                say("{name}() takes a text, this is a {type}", name=expr.name, type=argument.type),
                expr.args[0],
            )
        if expr.name == "matches":
            functions.check_pattern(argument, expr.args[0])
        return TextTest("bool", expr.name, operand, argument)

    def _quantifier(self, expr: syntax.Quantifier) -> Term:
        operand = self.term(expr.operand)
        kind = None
        if isinstance(operand, EventField):
            name = operand.name.removeprefix(REPLY)
            events = self.scope.events if name == operand.name else self.scope.reply
            kind = self.property_type(events, name, expr.operand) if events else None
        if kind is None or kind.type != "list" or kind.of is None:
            self._fault(
                "wrong_type",
                say("{kind}() looks at a list of the event whose items the catalogue describes", kind=expr.kind),
                expr.operand,
            )
        outer = dict(self.variables)
        self.variables[expr.variable] = kind.of  # an inner variable hides an outer one of the same name
        try:
            return Items("bool", expr.kind, operand, expr.variable, self.condition(expr.body))  # type: ignore[arg-type]
        finally:
            self.variables = outer

    def _choice(self, expr: syntax.Conditional) -> Term:
        test = self.condition(expr.test)
        then, otherwise = agree(self, self.term(expr.then), self.term(expr.otherwise), expr)
        if factor(then) != factor(otherwise):
            self._fault("wrong_type", "both sides of ?: count from `now`, or neither does", expr)
        return Choice(then.type, test, then, otherwise)

    def _unary(self, expr: syntax.Unary) -> Term:
        if expr.op == "!":
            return Operation("bool", "!", (self.condition(expr.operand),))
        operand = self.term(expr.operand)
        if operand.type not in {"number", "money", "duration"}:
            self._fault("wrong_type", say("a {type} has no negative", type=operand.type), expr)
        return Operation(operand.type, "-", (operand,))

    def _binary(self, expr: syntax.Binary) -> Term:
        if expr.op in {"&&", "||"}:
            return Operation("bool", expr.op, (self.condition(expr.left), self.condition(expr.right)))
        left, right = self.term(expr.left), self.term(expr.right)
        if expr.op == "in":
            return self._in(left, right, expr)
        if expr.op in _COMPARE:
            left, right = agree(self, left, right, expr)
            if expr.op not in {"==", "!="} and left.type in {"bool", "list", "null"}:
                self._fault("wrong_type", say("a {type} is neither more nor less than another", type=left.type), expr)
            if expr.op in {"==", "!="}:
                check_texts(self, left, [(right, expr.right)])
                check_texts(self, right, [(left, expr.left)])
            return Operation("bool", expr.op, (left, right))
        return arithmetic(self, expr.op, left, right, expr)

    def _in(self, left: Term, right: Term, expr: syntax.Binary) -> Term:
        if right.type != "list":
            self._fault("wrong_type", 'the right side of `in` is a list: profile.city in ["Rome", "Oslo"]', expr.right)
        if not isinstance(right, ListOf):
            self._fault(
                "wrong_type",
                "`in` wants a list that is written out or named; for items of the event write event.items.exists(i, …)",
                expr.right,
            )
        written = expr.right.items if isinstance(expr.right, syntax.ListLiteral) else [expr.right] * len(right.items)
        items = []
        for item, source in zip(right.items, written, strict=True):
            fitting = literal_as(self, item, left.type, source)
            if fitting.type != left.type:
                said = (
                    say("the left side is a {type}, this is a {item_type}", type=left.type, item_type=item.type)
                    if source is not expr.right
                    else say(
                        "the left side is a {type}, the list holds a {item_type}", type=left.type, item_type=item.type
                    )
                )
                self._fault("wrong_type", said, source)
            items.append(fitting)
        check_texts(self, left, zip(items, written, strict=True))
        return Operation("bool", "in", (left, ListOf("list", tuple(items))))

    # -- faults
    def _fault(self, code: str, message: str, expr: Expr, hint: str = "") -> NoReturn:
        raise TypeFault(code, message, expr, hint)

    def _unknown(self, code: str, what: str, name: str, known: object, expr: Expr) -> NoReturn:
        names = [str(k) for k in known]  # type: ignore[attr-defined]
        close = nearest(name, names)
        hint = (
            say("did you mean {close!r}?", close=close)
            if close
            else (say("there is: {names}", names=", ".join(sorted(names)[:12])) if names else "there is none")
        )
        raise TypeFault(code, say("unknown {what} {name!r}", what=what, name=name), expr, hint)


def _literal(expr: syntax.Literal) -> Constant:
    value = expr.value
    if value is None:
        return Constant("null", None)
    if isinstance(value, bool):
        return Constant("bool", value)
    if isinstance(value, str):
        return Constant("text", value)
    return Constant("number", as_number(value) if isinstance(value, Decimal) else value)
