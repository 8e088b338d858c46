"""Writes a file in its canonical form: two spaces a level, keys in their order, quotes where they must be."""

from __future__ import annotations

import re

from rules.layout.order import is_expression_key, rank_of
from rules.layout.tree import Branch, Piece, Twig, tree_of
from rules.loader import load
from rules.nodes import Mapping, Node, Scalar, Sequence
from rules.yaml_source import quoted

__all__ = ["formatted"]

_STEP = 2
_COMMENT = re.compile(r"(?:^|[ \t])(#[^\n]*)")
_BRACKETS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\[\s\S])*"|(?:^|(?<=\s))\#[^\n]*|[\[\]{}]""")


def formatted(text: str) -> str:
    """The canonical form of a file, with every comment and the same meaning; a file with faults stays as it is."""
    normal = text.removeprefix("\ufeff").replace("\r\n", "\n")
    root, findings = load(normal, "")
    if findings or root is None:
        return text
    tree, end = tree_of(normal)
    if not isinstance(tree, Branch):
        return text
    made = _Printer().whole(tree, end)
    again, faults = load(made, "")
    same = not faults and again is not None and _plain(again) == _plain(root)
    return made if same and _comments(made) == _comments(normal) else text


def _plain(node: Node) -> object:
    """What a node says, whatever it looks like and in whatever order its keys stand."""
    match node:
        case Scalar(value=value, text=text):
            return type(value).__name__, text
        case Sequence(items=items):
            return [_plain(item) for item in items]
        case Mapping(entries=entries):
            return {key: _plain(entry.value) for key, entry in entries.items()}


def _comments(text: str) -> list[str]:
    """What looks like a comment, also in texts: all of it is to stay."""
    found = (_COMMENT.search(line) for line in text.split("\n"))
    return sorted(match[1].rstrip() for match in found if match is not None)


class _Printer:
    def __init__(self) -> None:
        self.out: list[str] = []

    def whole(self, root: Branch, end: list[str]) -> str:
        self._branch(root, 0, ())
        self._above(end, 0)
        return "\n".join(self.out).strip("\n") + "\n"

    def _above(self, lines: list[str], indent: int) -> None:
        for line in lines:
            if line:
                self.out.append(" " * indent + line)
            elif self.out and self.out[-1]:
                self.out.append("")

    def _branch(self, branch: Branch, indent: int, path: tuple[str, ...]) -> None:
        twigs = branch.twigs
        if branch.mapping:
            twigs = sorted(twigs, key=lambda twig: rank_of(path, "" if twig.key is None else twig.key.value))
        for twig in twigs:
            if twig.key is None:
                self._item(twig.value, indent, (*path, "-"))
            else:
                self._entry(twig, twig.key, indent, (*path, twig.key.value))

    def _entry(self, twig: Twig, key: Piece, indent: int, path: tuple[str, ...]) -> None:
        self._above(key.above, indent)
        head = " " * indent + key.source + ":"
        if isinstance(twig.value, Piece):
            self._above(twig.value.above, indent)
            self._line(head, twig.value, indent, path, key.behind)
        else:
            self.out.append(head + _behind(key.behind))
            self._branch(twig.value, indent + _STEP, path)

    def _item(self, value: Piece | Branch, indent: int, path: tuple[str, ...]) -> None:
        if isinstance(value, Piece):
            self._above(value.above, indent)
            self._line(" " * indent + "-", value, indent, path, "")
            return
        begin = len(self.out)
        self._branch(value, indent + _STEP, path)
        for at in range(begin, len(self.out)):
            rest = self.out[at].lstrip(" ")
            if rest and not rest.startswith("#"):
                self.out[at] = " " * indent + "- " + rest
                return
            self.out[at] = " " * indent + rest if rest else ""

    def _line(self, head: str, piece: Piece, indent: int, path: tuple[str, ...], more: str) -> None:
        written = _written(piece, indent, path)
        comments = _behind(more) + _behind(piece.behind)
        first, *others = f"{head} {written}".rstrip(" ").split("\n") if written else [head]
        lines = [first, *others]
        lines[-1] += comments
        self.out += lines


def _behind(comment: str) -> str:
    return f"  {comment}" if comment else ""


def _written(piece: Piece, indent: int, path: tuple[str, ...]) -> str:
    if piece.style in {"|", ">"}:
        return _block(piece.source, indent + _STEP)
    if piece.style == "{":
        return _collection(piece.source, indent)
    if is_expression_key(path) and "\n" not in piece.source:
        return _expression(piece)
    lines = piece.source.split("\n")
    return "\n".join([lines[0].rstrip(), *((" " * (indent + _STEP) + line.strip()).rstrip() for line in lines[1:])])


def _block(source: str, indent: int) -> str:
    """A text under `|` or `>`, its lines moved as one."""
    header, *lines = source.split("\n")
    if any(character.isdigit() for character in header.partition("#")[0]):
        return source  # its header counts the spaces; where the text around it moves, `formatted` leaves the file alone
    own = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return "\n".join([header, *((" " * indent + line[own:]).rstrip() if line.strip() else "" for line in lines)])


def _collection(source: str, indent: int) -> str:
    """A collection in brackets: each of its further lines by how deep it is in them."""
    first, *others = source.split("\n")
    depth = _depth(first)
    lines = [first.rstrip()]
    for line in others:
        stripped = line.strip()
        closing = len(stripped) - len(stripped.lstrip("]}"))
        lines.append((" " * (indent + _STEP * max(depth - closing, 0 if closing else 1)) + stripped).rstrip())
        depth += _depth(stripped)
    return "\n".join(lines)


def _depth(line: str) -> int:
    found = [match[0] for match in _BRACKETS.finditer(line)]
    return sum(each in "[{" for each in found) - sum(each in "]}" for each in found)


def _expression(piece: Piece) -> str:
    """Without quotes where YAML reads it whole, else in those that are easiest to read."""
    for text in (piece.value, quoted(piece.value)):
        root, findings = load(f"k: {text}\n", "")
        if not findings and isinstance(root, Mapping) and _plain(root) == {"k": ("str", piece.value)}:
            return text
    return piece.source
