from __future__ import annotations

import json
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.check import check_playbook
from rules.read import playbook_hash
from tests.helpers.playbooks import ZONES

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
Path: TypeAlias = "tuple[str | int, ...]"

SOUND: Json = {
    "workspace": {"zone": "Europe/London", "currency": "GBP"},
    "events": {
        "paid": {
            "aliases": ["Paid"],
            "properties": {"id": {"type": "text"}, "amount": {"type": "money", "min": 0}},
        },
        "left": {"interaction": False},
    },
    "traits": {"level": {"type": "integer", "personal": True}, "since": {"type": "time", "from": 'first("*")'}},
    "segments": {"big": {"title": "Big", "when": ['sum("paid", "amount", "30d") >= 5', {"not": "profile.level > 3"}]}},
    "lifecycle": [{"id": "new", "when": 'count("*", "30d") <= 3'}, {"id": "rest", "otherwise": True}],
    "coupon_pools": {"gift": {"benefit": {"amount_off": "5 GBP"}, "stock": 3, "budget": "15 GBP", "valid_for": "3d"}},
    "communities": {"club": {"title": "Club"}},
    "templates": {
        "gift": {"purpose": "marketing", "channels": {"email": {"en": {"subject": "Hi", "body": "{{ coupon.code }}"}}}}
    },
    "rules": {
        "gift": {
            "event": "paid",
            "when": {"any": ["event.amount > 5", 'in_segment("big")']},
            "unless": ['has_tag("seen")'],
            "wait": {"for": "1h", "unless": [{"event": "paid", "same": "id"}, "left"]},
            "if_running": "ignore",
            "valid": {"from": "2026-05-01T10:00:00Z", "until": "2026-06-01T10:00:00Z"},
            "canary": "10%",
            "if_late": {"send_within": "2h"},
            "owner": "growth",
            "notes": "why",
            "limit": {"once_per": "id", "max": {"count": 3, "within": "30d"}},
            "then": [
                {"issue_coupon": {"pool": "gift", "as": "coupon"}, "id": "first"},
                {"send": {"template": "gift", "channels": ["email"]}},
                {"tag": ["seen"]},
                {"set": {"level": "1 + 1"}},
                {"emit": {"event": "paid", "person": "meta.id", "properties": {"amount": "2.5"}}},
                {"wait": {"until": "09:00", "while": "profile.level > 1"}},
                {
                    "wait": {"event": ["paid"], "same": "id", "within": "3d", "unless": ["left"]},
                    "then": [{"if": "reply.amount > 5", "then": [{"tag": "a"}, "stop"], "else": [{"untag": "a"}]}],
                    "else": [{"split": "x", "arms": {"a": {"weight": 1, "then": [{"tag": "b"}]}, "b": {"weight": 0}}}],
                },
            ],
        },
        "morning": {
            "schedule": {"cron": "0 9 * * 1", "zone": "person"},
            "audience": "true",
            "then": [{"assign": {"to": "us"}}],
        },
        "hello": {"enters": ["big", "stage:new"], "status": "draft", "then": [{"invite": {"community": "club"}}]},
    },
}
"""Sound but for warnings; every kind of value comes once."""

WORDS = ["", "paid", "big", "stage:new", "1h", "5 GBP", "5 EUR", "live", "once", "event.amount > 1", "((", "{{ x }}"]
MORE_WORDS = ["{% if %}", "不", "a:b", "yes", "012", "2026-05-01T10:00:00Z", "@daily", "[", "'"]
KEYS = st.sampled_from(WORDS + MORE_WORDS) | st.text(max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-3, 10**20) | KEYS
VALUES: st.SearchStrategy[Json] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


def children(value: Json) -> dict[str | int, Json]:
    if isinstance(value, dict):
        return dict(value.items())
    return dict(enumerate(value)) if isinstance(value, list) else {}


def paths(value: Json) -> list[Path]:
    return [(), *((key, *more) for key, child in children(value).items() for more in paths(child))]


PATHS = paths(SOUND)


def put(value: Json, path: Path, new: Json) -> Json:
    """A copy with `new` at the path; a path that is not there any more changes nothing."""
    if not path:
        return new
    parts = children(value)
    if path[0] not in parts:
        return value
    parts[path[0]] = put(parts[path[0]], path[1:], new)
    return list(parts.values()) if isinstance(value, list) else {str(key): part for key, part in parts.items()}


@st.composite
def spoilt(draw: st.DrawFn) -> Json:
    value = SOUND
    for path, new in draw(st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=4)):
        value = put(value, path, new)
    return value


@settings(max_examples=300)
@given(spoilt())
def test_whatever_stands_in_a_playbook_is_answered_with_findings(value: Json) -> None:
    files = {"a.yaml": json.dumps(value, ensure_ascii=True, indent=1)}
    playbook, findings = check_playbook(files, ZONES)
    assert (playbook is None) == any(finding.severity == "error" for finding in findings)
    assert findings == sorted(findings)
    lines = files["a.yaml"].split("\n")
    for finding in findings:
        if finding.file == "a.yaml":
            assert 1 <= finding.line <= len(lines)
            assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.code.isidentifier()
        assert finding.message


def test_the_playbook_to_be_spoilt_is_sound() -> None:
    playbook, findings = check_playbook({"a.yaml": json.dumps(SOUND)}, ZONES)
    assert [finding for finding in findings if finding.severity == "error"] == []
    assert playbook is not None


TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
FILES = st.dictionaries(TEXT, TEXT, max_size=3)


@given(FILES, FILES)
def test_different_files_have_different_hashes(first: dict[str, str], second: dict[str, str]) -> None:
    assert (playbook_hash(first) == playbook_hash(second)) == (first == second)
