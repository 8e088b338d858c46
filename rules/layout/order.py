"""In which order the keys of a thing are written, and which values are expressions."""

from __future__ import annotations

__all__ = ["is_expression_key", "rank_of"]

_RULE = (
    "title", "status", "owner", "event", "enters", "leaves", "schedule", "audience", "canary", "inputs", "let", "when",
    "unless", "while", "wait", "limit", "priority", "expires", "if_late", "valid", "waive", "*", "then",
)  # fmt: skip
_ORDERS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("workspace",): ("name", "zone", "currency", "language", "*"),
    ("events", "*"): ("title", "aliases", "interaction", "retired", "replaced_by", "*", "properties"),
    ("traits", "*"): ("type", "from", "personal", "title", "*"),
    ("segments", "*"): ("title", "when", "waive", "*"),
    ("lifecycle", "*"): ("id", "title", "when", "otherwise", "*"),
    ("coupon_pools", "*"): ("title", "benefit", "stock", "valid_for", "per_person", "budget", "code", "*"),
    ("communities", "*"): ("title", "join_url", "*"),
    ("templates", "*"): ("title", "purpose", "waive", "limits", "*", "channels"),
    ("rules", "*"): _RULE,
}
_CONDITIONS = frozenset({"when", "unless", "audience", "from", "all", "any", "not", "if"})

_WITH_CONDITIONS = frozenset({"rules", "segments", "lifecycle", "traits"})


def rank_of(path: tuple[str, ...], key: str) -> int:
    """The rank of a key in a mapping at a path such as `("rules", "cart")`; keys of equal rank stay as they are."""
    order = _ORDERS.get((path[0], *("*" for _ in path[1:]))) if path else None
    if order is None:
        return 0
    return order.index(key) if key in order else order.index("*")


def is_expression_key(path: tuple[str, ...]) -> bool:
    """Whether the value at a path is a condition or a computed trait."""
    names = [name for name in path if name != "-"]
    return len(names) >= 2 and names[0] in _WITH_CONDITIONS and names[-1] in _CONDITIONS
