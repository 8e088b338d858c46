"""A template, a channel, a language and variables into the one message that every attempt sends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from messaging.ports import Content
from messaging.render.sources import TemplateFault, compiled
from schemas.errors import TouchlineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.offers import Template, TemplateText

__all__ = ["MAIL_BYTES", "RenderFailed", "language_of", "render"]

MAIL_BYTES = 262_144
_SUBJECT_BYTES = 512
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


class RenderFailed(TouchlineError):
    """A message that cannot be made.

    `code` is one of: `no_text` (not written for this channel), `bad_template`, `undefined:<variable>`, `limit` (too
    long, or too many rounds), `bad_value` (a filter or comparison that does not fit its value), `empty`.
    """

    code = "bad_template"


def render(
    template: Template,
    channel: str,
    language: str,
    variables: Mapping[str, Any],
    *,
    zone: str,
    currency: str,
    fallback_language: str,
    max_bytes: int = 4_096,
) -> Content:
    """The message on one channel, as plain text: values stand in it literally, whatever they look like.

    `variables` are JSON values with times as RFC 3339 text (the `date` filter shows them in `zone`) and money in major
    units; null is as if it were not there. A subject is one line: its control characters become a space.
    Raises `RenderFailed`.
    """
    text = _text_of(template, channel, language, fallback_language)
    limit = min(max_bytes, template.limits.get(channel, max_bytes))
    body = _filled(text.body, variables, zone, currency, limit)
    if not body.strip():
        raise RenderFailed("The message is empty.", code="empty")
    subject = _CONTROL.sub(" ", _filled(text.subject, variables, zone, currency, _SUBJECT_BYTES)).strip()
    return Content(body, subject)


def language_of(wanted: str, languages: Iterable[str], fallback: str) -> str:
    """The language to write in: the wanted one or its kin (`zh-TW`, `zh`), else the fallback or its kin, else any."""
    known = sorted(languages)
    for language in (wanted, fallback):
        kin = [name for name in known if _stem(name) == _stem(language)]
        if kin:
            return language if language in kin else kin[0]
    return known[0]


def _stem(language: str) -> str:
    return re.split("[-_]", language.lower(), maxsplit=1)[0]


def _text_of(template: Template, channel: str, language: str, fallback: str) -> TemplateText:
    texts = template.channels.get(channel)
    if not texts:
        message = f"The template {template.id} has no text for the channel {channel}; write one under its channels."
        raise RenderFailed(message, code="no_text")
    return texts[language_of(language, texts, fallback)]


def _filled(source: str, variables: Mapping[str, Any], zone: str, currency: str, max_bytes: int) -> str:
    if not source:
        return ""
    template = compiled(source)
    if isinstance(template, TemplateFault):
        message, line, column = template
        raise RenderFailed(f"The template is faulty at line {line}, column {column}: {message}.")
    from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError

    from messaging.render.engine import run

    try:
        return run(template, variables, zone=zone, currency=currency, max_bytes=max_bytes)
    except UndefinedError as error:
        name = str(error.args[0]).removesuffix(" is undefined").strip("'")
        message = f"The variable {name} is not known; give it a value or a `default`."
        raise RenderFailed(message, code=f"undefined:{name}") from None
    except ResourceLimitError as error:
        raise RenderFailed(f"The message is too large: {error.args[0]}.", code="limit") from None
    except (LiquidError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        detail = error.args[0] if error.args else type(error).__name__
        raise RenderFailed(f"The template does not fit its values: {detail}.", code="bad_value") from None
