"""Nodes of a loaded YAML file, read and compared."""

from __future__ import annotations

from rules.loader import Mapping, Node, Scalar, Sequence, load

__all__ = ["plain", "read", "scalar"]


def read(text: str) -> Node:
    root, findings = load(text, "file.yaml")
    assert findings == []
    assert root is not None
    return root


def scalar(node: Node, *path: str | int) -> Scalar:
    for key in path:
        if isinstance(node, Mapping):
            node = node.entries[str(key)].value
        else:
            assert isinstance(node, Sequence)
            node = node.items[int(key)]
    assert isinstance(node, Scalar)
    return node


def plain(node: Node) -> object:
    match node:
        case Scalar(value=value):
            return value
        case Sequence(items=items):
            return [plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: plain(entry.value) for key, entry in entries.items()}
