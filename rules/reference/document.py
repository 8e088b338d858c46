"""The reference of a playbook as Markdown, with a picture of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rules.lint.parts import steps_of
from rules.model import Invite, IssueCoupon, SendMessage
from rules.reference.journey import rule_lines
from rules.reference.markdown import code, plain, table
from rules.reference.picture import picture_of
from rules.reference.words import condition_text, duration_text, restraint_lines
from schemas.money import to_major

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.model import Playbook
    from schemas.catalogue import EventType

__all__ = ["reference_of"]


def reference_of(playbook: Playbook) -> dict[str, str]:
    """File names → texts: `playbook.md`, and `pictures/<rule>.svg` for each rule."""
    lines = [*_head(playbook), *_catalogue(playbook), *_people(playbook), *_rules(playbook), *_offers(playbook)]
    pictures = {f"pictures/{rule.id}.svg": picture_of(rule) for rule in playbook.rules.values()}
    return {"playbook.md": "\n".join(lines).rstrip("\n") + "\n", **pictures}


def _head(playbook: Playbook) -> Iterator[str]:
    workspace = playbook.workspace
    yield f"# {plain(workspace.name or 'Playbook')}"
    yield ""
    yield f"Time zone {workspace.zone}, currency {workspace.currency}, language {workspace.language}."
    yield ""
    for line in restraint_lines(workspace):
        yield from (line, "")


# -- what exists


def _catalogue(playbook: Playbook) -> Iterator[str]:
    yield from ("## Events", "")
    for _, event in sorted(playbook.catalogue.events.items()):
        yield from _event(event)
    if not playbook.catalogue.traits:
        return
    yield from ("## Traits", "")
    traits = sorted(playbook.catalogue.traits.items())
    yield from table(
        ("trait", "type", "computed from", "meaning"),
        (
            (
                code(name),
                trait.type,
                code(trait.source or ""),
                plain(_gone(trait.title, trait.retired, trait.replaced_by)),
            )
            for name, trait in traits
        ),
    )


def _event(event: EventType) -> Iterator[str]:
    yield f"### {plain(event.name)}"
    yield ""
    said = _gone(event.title, event.retired, event.replaced_by)
    if said:
        yield from (plain(said), "")
    if event.aliases:
        yield from (f"Also called {', '.join(map(code, event.aliases))}.", "")
    if event.properties:
        rows = ((code(name), kind.type, plain(kind.meaning)) for name, kind in sorted(event.properties.items()))
        yield from table(("property", "type", "meaning"), rows)


def _gone(title: str, retired: bool, replacement: str) -> str:
    if not retired:
        return title
    return f"Retired{f', use {replacement}' if replacement else ''}. {title}".strip()


def _people(playbook: Playbook) -> Iterator[str]:
    if playbook.segments:
        yield from ("## Segments", "")
        rows = (
            (code(segment.id), plain(segment.title), code(condition_text(segment.when)))
            for _, segment in sorted(playbook.segments.items())
        )
        yield from table(("segment", "title", "who is in it"), rows)
    if playbook.stages:
        yield from ("## Stages of the lifecycle", "", "The first that holds is a person's stage.", "")
        rows = (
            (
                code(stage.id),
                plain(stage.title),
                "everybody else" if stage.when is None else code(condition_text(stage.when)),
            )
            for stage in playbook.stages
        )
        yield from table(("stage", "title", "who is in it"), rows)


# -- what happens


def _rules(playbook: Playbook) -> Iterator[str]:
    if playbook.rules:
        yield from ("## Rules", "")
    for _, rule in sorted(playbook.rules.items()):
        yield from rule_lines(rule)


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
    return ", ".join(map(code, found)) or "no rule"


def _offers(playbook: Playbook) -> Iterator[str]:
    if playbook.templates:
        yield from ("## Templates", "")
        yield from table(("template", "purpose", "channels and languages", "shows", "used by"), _templates(playbook))
    if playbook.pools:
        yield from ("## Coupon pools", "")
        columns = ("pool", "benefit", "stock", "valid for", "a person", "budget", "used by")
        yield from table(columns, _pools(playbook))
    if playbook.communities:
        yield from ("## Communities", "")
        rows = (
            (code(name), plain(each.title), plain(each.join_url), _users(playbook, "community", name))
            for name, each in sorted(playbook.communities.items())
        )
        yield from table(("community", "title", "link", "used by"), rows)


def _templates(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    for name, template in sorted(playbook.templates.items()):
        channels = "; ".join(f"{channel}: {', '.join(sorted(texts))}" for channel, texts in template.channels.items())
        shows = ", ".join(map(code, sorted(template.uses)))
        yield code(name), template.purpose, plain(channels), shows, _users(playbook, "template", name)


def _pools(playbook: Playbook) -> Iterator[tuple[str, ...]]:
    currency = playbook.workspace.currency
    for name, pool in sorted(playbook.pools.items()):
        yield (
            code(name),
            plain(", ".join(f"{key} {value}" for key, value in pool.benefit.items())),
            "unlimited" if pool.stock is None else str(pool.stock),
            "for ever" if pool.valid_for is None else duration_text(pool.valid_for),
            "unlimited" if pool.per_person is None else str(pool.per_person),
            "unlimited" if pool.budget is None else f"{to_major(pool.budget, currency)} {currency}",
            _users(playbook, "pool", name),
        )
