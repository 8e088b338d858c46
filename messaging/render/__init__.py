"""Templates into messages: Liquid without files, clock, code or endless loops; what people sent stays data."""

from __future__ import annotations

from messaging.render.messages import MAIL_BYTES, RenderFailed, language_of, render
from messaging.render.sources import MAX_SOURCE, TemplateFault, check_template, variables_of

__all__ = [
    "MAIL_BYTES",
    "MAX_SOURCE",
    "RenderFailed",
    "TemplateFault",
    "check_template",
    "language_of",
    "render",
    "variables_of",
]
