"""The command within this process: quicker than a new one, for what is about words and answers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from workers.cli import main

if TYPE_CHECKING:
    from tests.helpers.installation import Installation

__all__ = ["Said", "Typed", "typing_in"]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended."""

    code: object
    out: str
    err: str

    def sentence(self) -> str:
        """What it has said when it could not do its work: a sentence, perhaps with a hint, and nothing else."""
        lines = self.err.strip().splitlines()
        assert (self.code, self.out, "Traceback" in self.err, len(lines) in {1, 2}) == (2, "", False, True), self.err
        assert lines[0].startswith("touchline: ")
        return self.err


Typed = Callable[..., Said]


def typing_in(here: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """A function that types words into the command, in an installation's folder."""
    monkeypatch.chdir(here.folder)
    for name, value in here.environment().items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)

    def enter(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["touchline", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return Said(ended.value.code, *capfd.readouterr())

    return enter
