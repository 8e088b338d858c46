from __future__ import annotations

from typing import TYPE_CHECKING

from workers.terminal import console, say

if TYPE_CHECKING:
    import pytest


def test_a_word_between_colons_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("sent to group:a: now", markup=False)
    say("group:a: has no consent")

    assert capsys.readouterr() == ("sent to group:a: now\n", "group:a: has no consent\n")
