"""What a test of a playbook expects: decisions in part or exactly, segments at a moment, tags and traits at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from messaging.ports import FINAL
from rules import read_values as v
from rules.case_values import plain_value
from rules.cases import Expected, Membership, Told, Wanted, WantedText
from rules.fields import Fields, Reader
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.read_offers import channel
from schemas.decisions import Kind
from schemas.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from rules.case_values import CaseValues

__all__ = ["read_expected"]

_DETAILS = ("kind", "template", "pool", "params")
_SHORT = {
    "send": "template", "issue_coupon": "pool", "assign": "to", "invite": "community", "emit": "event",
    "tag": "tags", "untag": "tags", "set": "traits",
}  # fmt: skip
"""Kind of a decision → what its short form names."""


def read_expected(reader: Reader, node: Node, values: CaseValues) -> Expected | None:
    """A list of decisions (a part of what is decided; empty: nothing may be), or a mapping that says more."""
    return _ExpectedReader(values).expected(reader, node)


class _ExpectedReader:
    def __init__(self, values: CaseValues) -> None:
        self.values = values

    def expected(self, reader: Reader, node: Node) -> Expected | None:
        if isinstance(node, Sequence):
            return Expected(mark=node.mark, decisions=self._decisions(reader, node), exact=not node.items)
        fields = Fields(reader, node, "`expect`")
        decisions = fields.get("decisions", self._decisions)
        exact = fields.get("exact", self._exact)
        if isinstance(exact, tuple) and decisions is not None:
            message = "`exact` lists the decisions already"
            reader.fault(fields.entry("decisions").key_mark, "duplicate_key", message, "write `exact: true`")
        memberships = fields.get("segments", self._one_or_more(self._membership)) or ()
        told = self._told(fields, self._only(fields)) if fields.ok else None
        people = fields.get("people", self._people) or ()
        fields.close()
        if not fields.ok:
            return None
        wanted = exact if isinstance(exact, tuple) else decisions or ()
        nothing = "decisions" in fields and not decisions
        return Expected(
            mark=node.mark, decisions=wanted, exact=isinstance(exact, tuple) or exact is True or nothing,
            memberships=tuple(memberships), told=(*([told] if told else []), *people),
        )  # fmt: skip

    def _one_or_more(self, read: Callable[[Reader, Node], Any]) -> Callable[[Reader, Node], tuple[Any, ...]]:
        def many(reader: Reader, node: Node) -> tuple[Any, ...]:
            nodes = node.items if isinstance(node, Sequence) else (node,)
            return tuple(each for each in (read(reader, item) for item in nodes) if each is not None)

        return many

    # -- decisions
    def _decisions(self, reader: Reader, node: Node) -> tuple[Wanted, ...]:
        if not isinstance(node, Sequence):
            reader.wrong_type(node, "a list of decisions", "put `- ` before each; `[]` where nothing may be decided")
            return ()
        return tuple(each for each in (self._entry(reader, item) for item in node.items) if each is not None)

    def _exact(self, reader: Reader, node: Node) -> tuple[Wanted, ...] | bool | None:
        return self._decisions(reader, node) if isinstance(node, Sequence) else v.boolean(reader, node)

    def _entry(self, reader: Reader, node: Node) -> Wanted | None:
        """A decision, or `not:` with one that may not be there."""
        if not isinstance(node, Mapping) or "not" not in node.entries:
            return self._decision(reader, node, absent=False)
        fields = Fields(reader, node, "an expectation")
        wanted = fields.get("not", lambda r, n: self._decision(r, n, absent=True))
        fields.close()
        return wanted

    def _decision(self, reader: Reader, node: Node, *, absent: bool) -> Wanted | None:
        fields = Fields(reader, node, "an expected decision")
        references = self.values.references
        rule = fields.get("rule", references.rule)
        step = fields.get("step", lambda reader, node: references.step(reader, node, rule))
        short = fields.first_of(*_SHORT)
        for again in short[1:]:
            message = say("{again!r} is a second decision in one entry", again=again)
            reader.fault(fields.entry(again).key_mark, "two_actions", message, "start another with `- `")
        kind, params = self._subject(fields, short)
        delivery = fields.get("delivery", v.one_of(*sorted({*FINAL, "pending"})))
        wanted = Wanted(
            mark=node.mark, kind=kind, params=params, rule=rule, step=step, absent=absent,
            person=fields.get("person", self.values.person), at=fields.get("at", self.values.moment),
            shadow=fields.get("shadow", v.boolean) is True or self._is_shadow(rule),
            channel=fields.get("channel", channel), delivery=delivery, reason=fields.get("reason", v.label),
            message=fields.get("message", self._message),
        )  # fmt: skip
        fields.close()
        if isinstance(node, Mapping) and not node.entries:
            reader.fault(node.mark, "empty", "nothing is expected here", "name what is decided: {send: welcome}")
        return wanted if fields.ok else None

    def _is_shadow(self, rule: str | None) -> bool:
        return rule is not None and self.values.playbook.rules[rule].status == "shadow"

    def _subject(self, fields: Fields, short: list[str]) -> tuple[str | None, dict[str, Any]]:
        """The kind of a decision and what its parameters must hold."""
        references = self.values.references
        kind = fields.get("kind", v.one_of(*get_args(Kind)))
        named = {
            "template": fields.get("template", references.template),
            "pool": fields.get("pool", references.pool),
        }
        params: dict[str, Any] = {key: value for key, value in named.items() if value is not None}
        more = fields.get("params", _params)
        params |= more or {}
        if not short:
            return kind, params
        value = fields.get(short[0], self._short(short[0]))
        return short[0], params | ({} if value is None else {_SHORT[short[0]]: value})

    def _short(self, kind: str) -> Callable[[Reader, Node], Any]:
        references = self.values.references
        match kind:
            case "send":
                return references.template
            case "issue_coupon":
                return references.pool
            case "invite":
                return references.community
            case "emit":
                return references.event
            case "tag" | "untag":
                return v.one_or_more(v.label)
            case "set":
                return self._traits
        return v.label

    def _message(self, reader: Reader, node: Node) -> WantedText:
        """The exact body, or parts that it holds."""
        if isinstance(node, Scalar):
            return WantedText(v.text(reader, node))
        fields = Fields(reader, node, "`message`")
        contains, lacks = fields.get("contains", v.one_or_more(v.text)), fields.get("lacks", v.one_or_more(v.text))
        body, subject = fields.get("body", v.text), fields.get("subject", v.text)
        text = WantedText(body, tuple(contains or ()), tuple(lacks or ()), subject)
        fields.close()
        return text

    # -- people
    def _membership(self, reader: Reader, node: Node) -> Membership | None:
        fields = Fields(reader, node, "`segments`")
        references = self.values.references
        at, person = fields.need("at", self.values.moment), self.values.whose(fields)
        inside = fields.get("in", v.one_or_more(references.segment)) or ()
        outside = fields.get("not_in", v.one_or_more(references.segment)) or ()
        stage = fields.get("stage", references.stage)
        fields.close()
        if at is None or person is None:
            return None
        if at < self.values.start:
            reader.fault(fields.place("at"), "not_allowed", "this lies before the start", "a test begins at 0m")
        return Membership(
            mark=node.mark, person=person, at=at, inside=tuple(inside), outside=tuple(outside), stage=stage or ""
        )

    def _only(self, fields: Fields) -> str:
        """Whom tags and traits that stand alone are about."""
        if not any(key in fields for key in ("tags", "not_tags", "traits")):
            return ""
        return self.values.whose(fields) or ""

    def _told(self, fields: Fields, person: str) -> Told | None:
        tags = fields.get("tags", v.one_or_more(v.label)) or ()
        lacks = fields.get("not_tags", v.one_or_more(v.label)) or ()
        traits = fields.get("traits", self._traits) or {}
        if not (tags or lacks or traits) or not person:
            return None
        return Told(mark=fields.mark, person=person, tags=tuple(tags), lacks=tuple(lacks), traits=traits)

    def _traits(self, reader: Reader, node: Node) -> dict[str, Any]:
        """Traits with their values; `null`: it must not be known."""
        return self.values.traits(reader, node)

    def _people(self, reader: Reader, node: Node) -> tuple[Told, ...]:
        out = []
        for entry in node.entries.values() if isinstance(node, Mapping) else ():
            named = Scalar(entry.key, entry.key, plain=True, mark=entry.key_mark, source=entry.key)
            person = self.values.person(reader, named)
            fields = Fields(reader, entry.value, say("the person {name!r}", name=entry.key), entry.key_mark)
            told = self._told(fields, person or "")
            fields.close()
            out += [] if told is None else [told]
        if not isinstance(node, Mapping):
            reader.wrong_type(node, "people by their names")
        return tuple(out)


def _params(reader: Reader, node: Node) -> dict[str, Any] | None:
    if isinstance(node, Mapping):
        return {key: plain_value(reader, entry.value) for key, entry in node.entries.items()}
    reader.wrong_type(node, "parameters with their values")
    return None
