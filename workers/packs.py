"""Packs: small playbooks that come along, each complete, to be copied into a folder of one's own, several joined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import rules
from rules.check import check_playbook
from rules.hints import did_you_mean
from rules.loader import load
from rules.nodes import Mapping, Scalar
from schemas.errors import InputError
from schemas.texts import say
from workers.playbooks import read_folder, read_tests, zone_names

if TYPE_CHECKING:
    from collections.abc import Mapping as Dictionary
    from collections.abc import Sequence

    from rules.codes.languages import Language

__all__ = ["FORM", "Pack", "joined", "pack_names", "pack_of"]

INPUTS = "inputs.yaml"
FORM = "values.yaml"
"""The form that a shop fills in: a value for each input."""
_ENTRY = re.compile(r"^(?=  \w+:)", re.MULTILINE)
_HEAD = {
    "en": "# Fill in what is yours; what stays as it is, is the default. `touchline check` says what does not fit.\n",
    "zh": "# 填写本店的内容；不改就是默认值。填错的地方 `touchline check` 会指出。\n",
}


@dataclass(frozen=True, slots=True)
class Pack:
    """A playbook that comes along. `files`: its YAML files, tests among them; `english`: texts for inputs."""

    name: str
    files: dict[str, str]
    readme: dict[str, str]
    english: str = ""

    def title(self, language: Language) -> str:
        """What it does, in a line."""
        return self.readme[language].partition("\n")[0].removeprefix("# ").strip()


def pack_names() -> list[str]:
    """The packs of this installation."""
    return sorted(path.parent.name for path in _root().glob("*/touchline.yaml"))


def pack_of(name: str) -> Pack:
    """A pack, read. Raises `InputError` if there is none of this name."""
    folder, names = _root() / name, pack_names()
    if name not in names:
        meant = did_you_mean(name, names)
        hint = say("{message} (`touchline init --list` says what they do)", message=meant)
        raise InputError(say("there is no pack {name!r}", name=name), hint=hint)
    files = {**read_folder(folder), **read_tests(folder)}
    readme = {
        "en": (folder / "README.md").read_text("utf-8"),
        "zh": (folder / "README.zh.md").read_text("utf-8"),
    }
    return Pack(name, files, readme, (folder / "values.en").read_text("utf-8"))


def _root() -> Path:
    return Path(next(iter(rules.__path__))) / "packs"


def joined(packs: Sequence[Pack], language: Language) -> dict[str, str]:
    """The files of a new playbook that holds these packs, by name. Raises `InputError` if they do not go together."""
    files: dict[str, str] = {}
    whose: dict[str, str] = {}
    for pack in packs:
        for name, text in pack.files.items():
            if name == INPUTS:
                files[name] = _more_inputs(files.get(name, ""), text, whose, pack.name)
            elif files.setdefault(name, text) != text:
                raise InputError(
                    f"the packs {whose[name]} and {pack.name} both have {name}, and not the same", hint=_ALONE
                )
            whose.setdefault(name, pack.name)
    files["touchline.yaml"] = re.sub(
        r"^(  language:) .*$", rf"\1 {language}", files["touchline.yaml"], flags=re.MULTILINE
    )
    files[FORM] = _form(files[INPUTS], packs, language)
    _check(packs, files)
    files["README.md"] = "\n".join(pack.readme[language] for pack in packs)
    return files


_ALONE = "take one of them, or join them by hand in two folders"


def _more_inputs(text: str, more: str, whose: dict[str, str], pack: str) -> str:
    """Two files of inputs as one: what both ask for is asked for once."""
    if not text:
        whose.update((f"input {_name(entry)}", pack) for entry in _ENTRY.split(more)[1:])
        return more
    known = {_name(entry): entry for entry in _ENTRY.split(text)[1:]}
    for entry in _ENTRY.split(more)[1:]:
        name = _name(entry)
        if known.setdefault(name, entry) != entry:
            both = f"the packs {whose[f'input {name}']} and {pack}"
            raise InputError(f"{both} both ask for the input {name!r}, and not for the same", hint=_ALONE)
        whose.setdefault(f"input {name}", pack)
    return _ENTRY.split(text)[0] + "".join(known.values())


def _name(entry: str) -> str:
    return entry.strip().partition(":")[0]


def _check(packs: Sequence[Pack], files: Dictionary[str, str]) -> None:
    """Whether what was joined is a playbook: a name may stand in two packs."""
    texts = {name: text for name, text in files.items() if not name.startswith("tests/")}
    playbook, findings = check_playbook(texts, zone_names())
    if playbook is None:
        first = next(finding for finding in findings if finding.severity == "error")
        names = ", ".join(pack.name for pack in packs)
        message = f"the packs {names} do not go together: {first.file}:{first.line}: {first.message}"
        raise InputError(message, hint=first.hint or _ALONE)


def _form(inputs: str, packs: Sequence[Pack], language: Language) -> str:
    """Every input with its title and its default, to be filled in."""
    texts = {name: text for pack in packs for name, text in _texts(pack.english)} if language == "en" else {}
    lines = [_HEAD[language], "values:\n"]
    root, _ = load(inputs, INPUTS)
    declared = root.entries["inputs"].value if isinstance(root, Mapping) else None
    for entry in declared.entries.values() if isinstance(declared, Mapping) else ():
        parts = {e.key: e.value for e in entry.value.entries.values()} if isinstance(entry.value, Mapping) else {}
        title, default = parts.get("title"), parts.get("default")
        if isinstance(title, Scalar):
            lines.append(f"  # {_of(title.text, language)}\n")
        given = texts.get(entry.key) or (default.source if isinstance(default, Scalar) else "")
        lines.append(f"  {entry.key}: {given}\n")
    return "".join(lines)


def _texts(source: str) -> list[tuple[str, str]]:
    """`name: text` on each line."""
    return [(name, text.strip()) for name, _, text in (line.partition(":") for line in source.splitlines())]


def _of(title: str, language: Language) -> str:
    """The part of a title in two languages, `中文 · English`."""
    chinese, _, english = title.partition(" · ")
    return english if english and language == "en" else chinese
