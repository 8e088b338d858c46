"""Readers of when, for whom and how long a rule holds: dates, shares of people, lateness."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules import read_values as v
from rules.fields import Fields, Reader, scalar_length
from rules.model import IfLate, Validity
from rules.nodes import Mapping, Node, Scalar
from schemas.catalogue import Holdout
from schemas.texts import say
from schemas.times import MINUTE

if TYPE_CHECKING:
    from schemas.findings import Mark

__all__ = ["check_canary", "holdout", "if_late", "share", "validity"]

_SHARE = re.compile(r"(\d{1,3})(?:\.(\d{1,4}))?%", re.ASCII)
_WHOLE = 1_000_000
SKIPPED = 5 * MINUTE
"""`if_late: skip`: what is carried out so long after its moment is not late; a tick, a retry, a restart take that."""


def share(reader: Reader, node: Node) -> int | None:
    """Millionths of a share of people, `10%` or `0.5%`."""
    match = _SHARE.fullmatch(node.text) if isinstance(node, Scalar) else None
    found = None if match is None else int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))
    if found is not None and found <= _WHOLE:
        return found
    if not isinstance(node, Scalar):
        reader.wrong_type(node, "a share", "write 10% or 0.5%")
        return None
    message = say("{value!r} is no share of people", value=node.text[:40])
    reader.fault(node.mark, "bad_share", message, "write 0% to 100%, with the sign: 10%", length=scalar_length(node))
    return None


def holdout(reader: Reader, node: Node) -> Holdout | None:
    """`5%`, or `{percent: 5%, salt: spring}`."""
    if isinstance(node, Scalar):
        plain = share(reader, node)
        return None if plain is None else Holdout(plain)
    fields = Fields(reader, node, "`holdout`")
    percent, salt = fields.need("percent", share), fields.get("salt", v.name)
    fields.close()
    return None if percent is None else Holdout(percent, salt or "")


def validity(reader: Reader, node: Node) -> Validity | None:
    """`{from: TIME, until: TIME}`, one of them at least."""
    fields = Fields(reader, node, "`valid`")
    begin, end = fields.get("from", v.moment), fields.get("until", v.moment)
    fields.close()
    if isinstance(node, Mapping) and not node.entries:
        reader.fault(node.mark, "empty", "`valid` says nothing", "write from: or until: with a time")
    if begin is not None and end is not None and begin >= end:
        message = "the rule would end before it begins"
        reader.fault(fields.place("until"), "not_allowed", message, "`until` is later than `from`")
    return Validity(begin, end)


def if_late(reader: Reader, node: Node) -> IfLate | None:
    """`send`, `skip`, or `{send_within: 2h}`."""
    if isinstance(node, Scalar):
        if node.text.startswith("send_within"):
            hint = "write {send_within: 2h}"
            reader.fault(
                node.mark, "not_allowed", "`send_within` is a key with a length of time", hint, length=len(node.text)
            )
            return None
        said = v.one_of("send", "skip")(reader, node)
        return None if said is None else IfLate(None if said == "send" else SKIPPED)
    fields = Fields(reader, node, "`if_late`")
    within = fields.need("send_within", v.duration)
    fields.close()
    return None if within is None else IfLate(within)


def check_canary(reader: Reader, mark: Mark, status: str) -> None:
    """A canary is part of a rule that acts."""
    if status == "shadow":
        message = "a shadow rule acts for nobody, so it has no canary"
        reader.fault(mark, "not_allowed", message, "set `status: live`; outside the canary it is shadow", length=6)
