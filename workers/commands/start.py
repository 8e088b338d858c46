"""`touchline init`: a new playbook from packs, in a folder of its own."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from schemas.errors import InputError
from schemas.texts import say
from workers.packs import FORM, joined, pack_names, pack_of
from workers.terminal import console, print_json, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rules.codes.languages import Language

__all__ = ["list_packs", "start_playbook"]

_DID = {"en": "{folder}: {files} files of {packs}", "zh": "{folder}：来自 {packs} 的 {files} 个文件"}
_NEXT = {"en": "what to do next:", "zh": "接下来："}
_COLUMNS = {"en": ("pack", "does", "rules"), "zh": ("剧本包", "用途", "规则")}
_STEPS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("{form}", "fill in what is yours: names, links, amounts, times"),
        ("touchline check {folder}", "every fault, with its line"),
        ("touchline test {folder}", "the tests that came along"),
        ("touchline simulate --playbook {folder} --events FILE --out out", "what it would have done with your events"),
        ("touchline up --playbook {folder}", "live; messages go to files until you name a provider"),
    ),
    "zh": (
        ("{form}", "填写本店的内容：名称、链接、金额、时间"),
        ("touchline check {folder}", "检查：每个错误都指出所在的行"),
        ("touchline test {folder}", "运行自带的测试"),
        ("touchline simulate --playbook {folder} --events FILE --out out", "用自己的事件试跑一遍"),
        ("touchline up --playbook {folder}", "上线；配置渠道之前，消息只写入文件"),
    ),
}


def list_packs(language: Language, *, as_json: bool) -> None:
    """Print the packs, a line each."""
    packs = [pack_of(name) for name in pack_names()]
    rows = [(pack.name, pack.title(language), _rules(pack.files)) for pack in packs]
    if as_json:
        print_json([{"pack": name, "title": title, "rules": number} for name, title, number in rows])
        return
    console().print(table("", _COLUMNS[language], rows, numbers=(2,)))


def _rules(files: Mapping[str, str]) -> int:
    from rules.read import read

    return len(read({name: text for name, text in files.items() if not name.startswith("tests/")}).playbook.rules)


def start_playbook(folder: Path | None, names: Sequence[str], language: Language, *, as_json: bool) -> None:
    """Write a new playbook and say what to do next. Raises `InputError`; then nothing was written."""
    if folder is None:
        raise InputError("name the new playbook's folder", hint="touchline init playbook --pack welcome")
    if not names:
        raise InputError("name a pack: --pack NAME", hint="touchline init --list says what there is")
    files = joined([pack_of(name) for name in dict.fromkeys(names)], language)
    _write(folder, files)
    place = shlex.quote(str(folder))
    steps = [(what.format(folder=place, form=folder / FORM), why) for what, why in _STEPS[language]]
    if as_json:
        print_json(
            {"folder": str(folder), "packs": list(names), "files": sorted(files), "next": [what for what, _ in steps]}
        )
        return
    screen = console()
    screen.print(_DID[language].format(folder=folder, files=len(files), packs=", ".join(names)), markup=False)
    screen.print(f"\n{_NEXT[language]}", markup=False)
    for what, why in steps:
        screen.print(f"  {what}\n      {why}", markup=False)


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Into a folder that is new or empty."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = "{folder} is not empty" if folder.is_dir() else "{folder} is a file"
            raise InputError(say(what, folder=folder), hint="name a folder that is new or empty")
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        message = say("{folder} cannot be written: {why}", folder=folder, why=error.strerror)
        raise InputError(message) from None
