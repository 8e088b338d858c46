"""The Liquid environment of message templates: few tags and filters, no clock, no computed names, bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from liquid import Environment
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression
from liquid.builtin.tags import assign_tag, case_tag, for_tag, if_tag, unless_tag
from liquid.context import RenderContext
from liquid.exceptions import LiquidError, LiquidTypeError, LoopIterationLimitError
from liquid.output import LimitedStringIO
from liquid.template import BoundTemplate
from liquid.undefined import FalsyStrictUndefined
from liquid.utils import ReadOnlyChainMap

from messaging.render.dates import unknown_directive
from messaging.render.filters import FILTERS
from messaging.render.scan import TemplateFault, fault_at
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liquid.static_analysis import TemplateAnalysis, Variable
    from liquid.token import Token

__all__ = ["Context", "LiquidError", "compile_source", "find_fault", "global_paths", "run"]

_LOOP_ROUNDS = 100
_ALL_ROUNDS = 1_000
_OUTPUT_BYTES = 262_144
_TAGS = (
    content.Literal,
    output.Output,
    illegal.Illegal,
    if_tag.IfTag,
    unless_tag.UnlessTag,
    case_tag.CaseTag,
    for_tag.ForTag,
    assign_tag.AssignTag,
)
_ENDINGS = frozenset({"first", "last", "size"})


class Context(RenderContext):
    """One rendering. Unlike Liquid's own it knows no `now`, and counts the rounds of all its loops together."""

    def __init__(
        self,
        template: BoundTemplate,
        *,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the name is Liquid's
        zone: str = "UTC",
        currency: str = "",
    ) -> None:
        super().__init__(template, globals=globals)
        self.scope = ReadOnlyChainMap(self.locals, self.globals)
        self.zone = zone
        self.currency = currency
        self.rounds = 0

    def get_buffer(self, buf: TextIO | None = None) -> LimitedStringIO:
        """A buffer for a part of the output; unlike Liquid's own it leaves line ends as they are."""
        used = buf.size if isinstance(buf, LimitedStringIO) else 0
        return LimitedStringIO(_OUTPUT_BYTES - used, newline="")

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Refuse a loop of too many rounds, or one too many of them."""
        self.rounds += length
        if length > _LOOP_ROUNDS or self.rounds > _ALL_ROUNDS:
            message = say(
                "a loop has at most {loop_rounds} rounds, all loops of a message together {all_rounds}",
                loop_rounds=_LOOP_ROUNDS,
                all_rounds=_ALL_ROUNDS,
            )
            raise LoopIterationLimitError(message, token=None)


class _Template(BoundTemplate):
    context_class = Context


class _Environment(Environment):
    block_nesting_limit = 16
    local_namespace_limit = 65_536
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002 - the signature is Liquid's
        for tag in _TAGS:
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)

    def error(self, exc: type[LiquidError] | LiquidError, msg: str | None = None, token: Token | None = None) -> None:
        """Raise, and say where: at the end of an expression Liquid's own error does not know its place."""
        if isinstance(exc, LiquidError) and exc.token is not None and exc.token.start_index < 0:
            exc.token = token
        super().error(exc, msg, token)


_ENVIRONMENT = _Environment(undefined=FalsyStrictUndefined)


class _Group:
    """An object of values, as a template sees it: each can be named, but it cannot be printed or walked as a whole."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {name: _tame(value) for name, value in values.items() if value is not None}

    def __getitem__(self, name: str) -> object:
        return self._values[name]

    def __str__(self) -> str:
        message = "this is a group of values; name one of them"
        raise LiquidTypeError(message, token=None)


def _tame(value: object) -> object:
    """A JSON value as templates see it; null is as if it were not there."""
    if isinstance(value, dict):
        return _Group(value)
    if isinstance(value, list):
        return [_tame(item) for item in value if item is not None]
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and value.as_tuple().exponent > 0:  # type: ignore[operator]
        return int(value)
    return value


def compile_source(source: str) -> BoundTemplate:
    """A template from a text that passed the scan. Raises `LiquidError`."""
    return _ENVIRONMENT.from_string(source)


def find_fault(source: str, template: BoundTemplate) -> TemplateFault | None:
    """What Liquid itself would only find while it renders: unknown filters, computed names, wrong date formats."""
    analysis = template.analyze()
    faults = [*_filter_faults(source, analysis), *_name_faults(source, analysis), *_date_faults(source, template)]
    return min(faults, key=lambda fault: (fault.line, fault.column), default=None)


def _filter_faults(source: str, analysis: TemplateAnalysis) -> list[TemplateFault]:
    return [
        fault_at(
            source,
            span.index,
            say("there is no filter `{name}`; there are {names}", name=name, names=", ".join(sorted(FILTERS))),
        )
        for name, spans in analysis.filters.items()
        if name not in FILTERS
        for span in spans
    ]


def _name_faults(source: str, analysis: TemplateAnalysis) -> list[TemplateFault]:
    return [
        fault_at(source, variable.span.index, "a name in brackets is a number; write other names after a dot")
        for variables in analysis.variables.values()
        for variable in variables
        if not isinstance(variable.segments[0], str) or any(isinstance(part, list) for part in variable.segments)
    ]


def _date_faults(source: str, template: BoundTemplate) -> list[TemplateFault]:
    return [
        fault_at(source, token.start_index, wrong)
        for expression in _filtered(template.nodes)
        for used in expression.filters or ()
        if used.name == "date"
        for token, form in ((used.token, getattr(argument.value, "value", None)) for argument in used.args)
        if isinstance(form, str) and (wrong := unknown_directive(form))
    ]


def _filtered(nodes: Any) -> list[FilteredExpression]:  # noqa: ANN401 - nodes of Liquid's tree
    found: list[FilteredExpression] = []
    for node in nodes:
        found += [expression for expression in node.expressions() if isinstance(expression, FilteredExpression)]
        found += _filtered(node.children(Context(BoundTemplate(_ENVIRONMENT, []))))
    return found


def global_paths(template: BoundTemplate) -> frozenset[str]:
    """The variables a template needs from outside: `person.name`; of a list, the list."""
    return frozenset(_path(variable) for variables in template.analyze().globals.values() for variable in variables)


def _path(variable: Variable) -> str:
    names: list[str] = []
    for part in variable.segments:
        if not isinstance(part, str):
            break
        names.append(part)
    if len(names) > 2 and names[-1] in _ENDINGS:
        names.pop()
    return ".".join(names)


def run(template: BoundTemplate, variables: Mapping[str, Any], *, zone: str, currency: str, max_bytes: int) -> str:
    """The template's text with these variables. Raises `LiquidError`."""
    values = {name: _tame(value) for name, value in variables.items() if value is not None}
    context = Context(template, globals=values, zone=zone, currency=currency)
    buffer = LimitedStringIO(min(max_bytes, _OUTPUT_BYTES), newline="")
    template.render_with_context(context, buffer)
    return buffer.getvalue()
