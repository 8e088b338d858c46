"""Messages that come too often, or that lack what they show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.lint.parts import running, steps_of, warning
from rules.model import Invite, Limit, SendMessage
from schemas.texts import say
from schemas.times import MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook
    from rules.read import Reading
    from schemas.findings import Finding
    from schemas.offers import Template

__all__ = ["sending"]

_OUTPUT = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_TAG = re.compile(r"\{%(.*?)%\}", re.DOTALL)
_MINUTES_OF_DAY = 1_440
_ALWAYS = frozenset({"zone", "language"})


def sending(reading: Reading) -> Iterator[Finding]:
    """Marketing without a limit, and variables that some people do not have."""
    yield from _without_limit(reading)
    yield from _quiet(reading)
    for template in reading.playbook.templates.values():
        yield from _maybe_unknown(reading, template)


def _without_limit(reading: Reading) -> Iterator[Finding]:
    templates = reading.playbook.templates
    capped = any(not cap.channels and cap.purposes <= {"marketing"} for cap in reading.playbook.workspace.caps)
    for rule in running(reading):
        if capped or rule.limit != Limit() or rule.trigger.kind == "schedule":
            continue
        for index, step in steps_of(rule):
            if not isinstance(step, SendMessage | Invite) or step.template is None:
                continue
            if templates[step.template].purpose == "marketing":
                mark = reading.places["rule", rule.id, index, "template"]
                message = say("the rule {id!r} sends marketing as often as it is started", id=rule.id)
                hint = "give the rule a limit: once, {once_within: 7d}, …"
                yield warning(mark, "no_limit", message, hint, len(step.template))
                break


def _quiet(reading: Reading) -> Iterator[Finding]:
    """Messages that are put off by quiet hours for longer than they are of use."""
    quiet = reading.playbook.workspace.quiet
    if quiet is None:
        return
    length = (quiet.until - quiet.begin) % _MINUTES_OF_DAY * MINUTE
    for rule in running(reading):
        for index, step in steps_of(rule):
            if rule.expires is None or rule.expires >= length:
                continue
            if not isinstance(step, SendMessage | Invite) or step.template is None:
                continue
            purpose = reading.playbook.templates[step.template].purpose
            if purpose in quiet.purposes and (not quiet.channels or quiet.channels.issuperset(step.channels)):
                mark = reading.places["rule", rule.id, index, "template"]
                message = say(
                    "the rule {id!r} expires within the quiet hours, so what comes early in them is lost", id=rule.id
                )
                hint = "let it expire later than the quiet hours last, or set `purpose: transactional` where it is one"
                yield warning(mark, "expires_in_quiet_hours", message, hint, len(step.template))


def _maybe_unknown(reading: Reading, template: Template) -> Iterator[Finding]:
    place = reading.places["template", template.id]
    for name in sorted(_traits(reading.playbook, template)):
        sources = [
            text
            for texts in template.channels.values()
            for each in texts.values()
            for text in (each.body, each.subject)
        ]
        if any(_bare(source, f"person.{name}") for source in sources):
            message = say(
                "the template {id!r} shows {path!r}, which some people do not have",
                id=template.id,
                path=f"person.{name}",
            )
            hint = say("give it a default: {{{{ {path} | default: '…' }}}}", path=f"person.{name}")
            yield warning(place, "maybe_unknown", message, hint, len(template.id))


def _traits(playbook: Playbook, template: Template) -> set[str]:
    """The traits that a template names and that nothing computes."""
    named = {path.split(".")[1] for path in template.uses if path.startswith("person.")}
    traits = playbook.catalogue.traits
    return {name for name in named - _ALWAYS if name in traits and traits[name].source is None}


def _bare(source: str, path: str) -> bool:
    """Whether a text shows a variable without a default and without having asked for it."""
    if any(path in tag for tag in _TAG.findall(source)):
        return False
    return any(path in output and "default" not in output for output in _OUTPUT.findall(source))
