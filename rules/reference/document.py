"""The reference of a playbook as Markdown, with a picture of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.parts import steps_of
from rules.model import Invite, IssueCoupon, SendMessage
from rules.reference.picture import picture_of
from rules.reference.words import condition_text, duration_text, limit_text, step_text, trigger_text, wait_text
from schemas.money import to_major

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rules.model import Playbook, Rule
    from schemas.catalogue import EventType

__all__ = ["reference_of"]


def reference_of(playbook: Playbook) -> dict[str, str]:
    """File names → texts: `playbook.md`, and `pictures/<rule>.svg` for each rule."""
    lines = [*_head(playbook), *_catalogue(playbook), *_people(playbook), *_rules(playbook), *_offers(playbook)]
    pictures = {f"pictures/{rule.id}.svg": picture_of(rule) for rule in playbook.rules.values()}
    return {"playbook.md": "\n".join(lines).rstrip("\n") + "\n", **pictures}


def _plain(text: object) -> str:
    """A text that is neither a cell's end nor markup."""
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _code(text: object) -> str:
    """A text as code, also in a table, whatever backticks it has."""
    said = " ".join(str(text).split()).replace("|", "\\|")
    fence = "``" if "`" in said else "`"
    return f"{fence}{said}{fence}" if said else ""


def _table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _head(playbook: Playbook) -> Iterator[str]:
    workspace = playbook.workspace
    yield f"# {_plain(workspace.name or 'Playbook')}"
    yield ""
    yield f"Time zone {workspace.zone}, currency {workspace.currency}, language {workspace.language}."
    yield ""


# -- what exists


def _catalogue(playbook: Playbook) -> Iterator[str]:
    yield from ("## Events", "")
    for _, event in sorted(playbook.catalogue.events.items()):
        yield from _event(event)
    if not playbook.catalogue.traits:
        return
    yield from ("## Traits", "")
    traits = sorted(playbook.catalogue.traits.items())
    yield from _table(
        ("trait", "type", "computed from", "meaning"),
        (
            (
                _code(name),
                trait.type,
                _code(trait.source or ""),
                _plain(_gone(trait.title, trait.retired, trait.replaced_by)),
            )
            for name, trait in traits
        ),
    )


def _event(event: EventType) -> Iterator[str]:
    yield f"### {_plain(event.name)}"
    yield ""
    said = _gone(event.title, event.retired, event.replaced_by)
    if said:
        yield from (_plain(said), "")
    if event.aliases:
        yield from (f"Also called {', '.join(map(_code, event.aliases))}.", "")
    if event.properties:
        rows = ((_code(name), kind.type, _plain(kind.meaning)) for name, kind in sorted(event.properties.items()))
        yield from _table(("property", "type", "meaning"), rows)


def _gone(title: str, retired: bool, replacement: str) -> str:
    if not retired:
        return title
    return f"Retired{f', use {replacement}' if replacement else ''}. {title}".strip()


def _people(playbook: Playbook) -> Iterator[str]:
    if playbook.segments:
        yield from ("## Segments", "")
        rows = (
            (_code(segment.id), _plain(segment.title), _code(condition_text(segment.when)))
            for _, segment in sorted(playbook.segments.items())
        )
        yield from _table(("segment", "title", "who is in it"), rows)
    if playbook.stages:
        yield from ("## Stages of the lifecycle", "", "The first that holds is a person's stage.", "")
        rows = (
            (
                _code(stage.id),
                _plain(stage.title),
                "everybody else" if stage.when is None else _code(condition_text(stage.when)),
            )
            for stage in playbook.stages
        )
        yield from _table(("stage", "title", "who is in it"), rows)


# -- what happens


def _rules(playbook: Playbook) -> Iterator[str]:
    if playbook.rules:
        yield from ("## Rules", "")
    for _, rule in sorted(playbook.rules.items()):
        yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    yield from (f"### {_plain(rule.id)}", "")
    if rule.title:
        yield from (_plain(rule.title), "")
    yield from (f"![{_plain(rule.title or rule.id)}](pictures/{rule.id}.svg)", "")
    rows = [("status", rule.status), ("starts on", _plain(trigger_text(rule))), ("priority", str(rule.priority))]
    for name, condition in (("for", rule.trigger.audience), ("when", rule.when), ("unless", rule.unless)):
        if condition is not None:
            rows.append((name, _code(condition_text(condition))))
    if rule.wait is not None:
        rows.append(("first", _plain(wait_text(rule.wait))))
    rows.append(("limit", _plain(limit_text(rule.limit) or "none")))
    if rule.expires is not None:
        rows.append(("of use for", duration_text(rule.expires)))
    yield from _table(("", ""), rows)
    for number, (_, step) in enumerate(steps_of(rule), 1):
        yield f"{number}. {_plain(step_text(step))}"
    yield ""


def _users(playbook: Playbook, kind: str, name: str) -> str:
    """The rules that use a template, pool or community."""
    found = []
    for id_, rule in sorted(playbook.rules.items()):
        for _, step in steps_of(rule):
            used = {
                "template": isinstance(step, SendMessage | Invite) and step.template == name,
                "pool": isinstance(step, IssueCoupon) and step.pool == name,
                "community": isinstance(step, Invite) and step.community == name,
            }
            if used[kind] and id_ not in found:
                found.append(id_)
    return ", ".join(map(_code, found)) or "no rule"


def _offers(playbook: Playbook) -> Iterator[str]:
    if playbook.templates:
        yield from ("## Templates", "")
        yield from _table(("template", "purpose", "channels and languages", "shows", "used by"), _templates(playbook))
    if playbook.pools:
        yield from ("## Coupon pools", "")
        columns = ("pool", "benefit", "stock", "valid for", "a person", "budget", "used by")
        yield from _table(columns, _pools(playbook))
    if playbook.communities:
        yield from ("## Communities", "")
        rows = (
            (_code(name), _plain(each.title), _plain(each.join_url), _users(playbook, "community", name))
            for name, each in sorted(playbook.communities.items())
        )
        yield from _table(("community", "title", "link", "used by"), rows)


def _templates(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    for name, template in sorted(playbook.templates.items()):
        channels = "; ".join(f"{channel}: {', '.join(sorted(texts))}" for channel, texts in template.channels.items())
        shows = ", ".join(map(_code, sorted(template.uses)))
        yield _code(name), template.purpose, _plain(channels), shows, _users(playbook, "template", name)


def _pools(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    currency = playbook.workspace.currency
    for name, pool in sorted(playbook.pools.items()):
        yield (
            _code(name),
            _plain(", ".join(f"{key} {value}" for key, value in pool.benefit.items())),
            "unlimited" if pool.stock is None else str(pool.stock),
            "for ever" if pool.valid_for is None else duration_text(pool.valid_for),
            "unlimited" if pool.per_person is None else str(pool.per_person),
            "unlimited" if pool.budget is None else f"{to_major(pool.budget, currency)} {currency}",
            _users(playbook, "pool", name),
        )
