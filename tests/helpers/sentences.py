"""What the code says to people: the codes of findings, and every sentence that may stand in one."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.helpers.source import ROOT, modules, parsed, where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["codes_in", "made_on_the_spot", "sentences_in", "speaking_modules"]

REPORTERS = {
    "fault", "_fault", "finding", "_finding", "Finding", "TypeFault", "_unknown", "_Sentence", "_add", "_matching",
    "ExpressionError", "_stray", "warning", "wrong_type",
}  # fmt: skip
SENTENCES = {"message", "hint", "said", "why"}
"""Names that sentences are given before they are reported."""
WHOLE_CODES = REPORTERS - {"ExpressionError", "_stray", "wrong_type"}


def speaking_modules() -> list[Path]:
    """The modules whose texts end in findings."""
    here = modules(
        "rules", "segments", "messaging/render/scan.py", "schemas/meant.py", "schemas/times.py", "schemas/money.py"
    )
    return [path for path in here if (ROOT / "rules/codes") not in path.parents]


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _constants(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _constants(body)
            yield from _constants(orelse)
        case ast.BoolOp(values=values) | ast.Tuple(elts=values):
            for value in values:
                yield from _constants(value)
        case ast.Constant(value=str(text)):
            yield text


def _is_code(text: str) -> bool:
    return text.replace("_", "").isalpha() and text.islower() and text.isascii() and ("_" in text or text == "empty")


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Every code that a module gives a finding."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "code":
            yield from (f"expr_{code}" for code in _constants(node.value))
        if not isinstance(node, ast.Call):
            continue
        given = [text for argument in node.args[:4] for text in _constants(argument)]
        if _called(node) in {"ExpressionError", "_stray"}:
            yield from (f"expr_{code}" for code in given[:1])
        elif _called(node) in WHOLE_CODES:
            yield from (code for code in given if _is_code(code))
        elif _called(node) == "_one_of":
            yield from (f"unknown_{what}" for what in given[:1])


def sentences_in(tree: ast.Module) -> Iterator[str]:
    """Templates given to `say`, and fixed sentences that are reported or kept under a name for it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "say":
            yield from _constants(node.args[0])
        elif isinstance(node, ast.Call) and _called(node) in REPORTERS:
            texts = [text for argument in [*node.args, *_values(node)] for text in _constants(argument)]
            yield from (text for text in texts if " " in text)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _targets(node) & SENTENCES and node.value is not None:
            yield from (text for text in _constants(node.value) if " " in text)


def made_on_the_spot(path: Path) -> Iterator[str]:
    """Where a sentence is an f-string: nobody could say it in another language."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and _called(node) in REPORTERS:
            suspects = [*node.args, *_values(node)]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _targets(node) & SENTENCES and node.value is not None:
            suspects = [node.value]
        else:
            continue
        for suspect in suspects:
            parts = [part for part in ast.walk(suspect) if isinstance(part, ast.JoinedStr)]
            within_call = {
                id(part) for call in ast.walk(suspect) if isinstance(call, ast.Call) for part in ast.walk(call)
            }
            yield from (f"{where(path, part)}" for part in parts if id(part) not in within_call and _speaks(part))


def _speaks(node: ast.JoinedStr) -> bool:
    return any(
        " " in text.value for text in node.values if isinstance(text, ast.Constant) and isinstance(text.value, str)
    )


def _values(node: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in node.keywords]


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    found = [part for target in targets for part in ast.walk(target)]
    return {part.id for part in found if isinstance(part, ast.Name)}
