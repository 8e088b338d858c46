"""Template texts: what is wrong with one, what it needs, and its compiled form, which is kept."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from messaging.render.scan import MAX_SOURCE, TemplateFault, fault_at, first_fault

if TYPE_CHECKING:
    from liquid.template import BoundTemplate

__all__ = ["MAX_SOURCE", "TemplateFault", "check_template", "compiled", "variables_of"]


def check_template(source: str) -> TemplateFault | None:
    """What is wrong with a template text: message, line and column from 1; None if it may be sent."""
    result = compiled(source)
    return result if isinstance(result, TemplateFault) else None


def variables_of(source: str) -> frozenset[str]:
    """The variables that a text needs, by their path (`person.name`, `event.items`); none of a faulty text."""
    result = compiled(source)
    if isinstance(result, TemplateFault):
        return frozenset()
    from messaging.render.engine import global_paths

    return global_paths(result)


@lru_cache(maxsize=512)
def compiled(source: str) -> BoundTemplate | TemplateFault:
    """A text's compiled form, or its fault; the last few hundred are kept."""
    fault = first_fault(source)
    if fault is not None:
        return fault
    from messaging.render.engine import LiquidError, compile_source, find_fault

    try:
        template = compile_source(source)
        return find_fault(source, template) or template
    except LiquidError as error:
        return _fault_of(source, error)
    except RecursionError:
        return TemplateFault("the template is nested too deeply", 1, 1)


def _fault_of(source: str, error: Exception) -> TemplateFault:
    token = getattr(error, "token", None)
    message = str(error.args[0]) if error.args else "the template cannot be read"
    index = token.start_index if token is not None else -1
    return fault_at(source, index if index >= 0 else len(source), message)
