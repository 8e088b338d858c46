"""The schema in the real YAML language server: completion, explanations and errors, without a network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rules.read import read_playbook
from rules.schema.document import schema_of
from tests.helpers.language_server import Editor, language_server
from tests.helpers.playbooks import BASE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TEXT = """\
rules:
  thanks:
    event: order.paid
    pri
    then:
      - send: {template: hello, channels: [email]}
"""
SOUND = TEXT.replace("    pri\n", "    priority: 60\n")


@pytest.fixture
async def editor(tmp_path: Path) -> AsyncIterator[Editor]:
    server = language_server()
    playbook, _ = read_playbook(BASE)
    schema = tmp_path / "touchline.schema.json"
    schema.write_text(json.dumps(schema_of(playbook)), "utf-8")
    editor = await Editor.open(server, tmp_path, schema)
    yield editor
    await editor.close()


async def test_an_editor_completes_keys_and_the_names_of_the_playbook(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "rules.yaml").as_uri()
    await editor.show(uri, TEXT)
    other = (tmp_path / "names.yaml").as_uri()
    await editor.show(other, SOUND.replace("event: order.paid", "event: "))

    assert "priority" in await editor.complete(uri, 3, 7)
    assert {"order.paid", "order.cancelled", "Order Completed"} <= set(await editor.complete(other, 2, 11))


async def test_an_editor_explains_a_key(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "rules.yaml").as_uri()
    await editor.show(uri, SOUND)

    assert "Higher runs first; default 50" in await editor.hover(uri, 3, 6)


async def test_an_editor_shows_errors_at_their_place_and_none_in_a_sound_file(editor: Editor, tmp_path: Path) -> None:
    assert await editor.show((tmp_path / "sound.yaml").as_uri(), SOUND) == []

    found = await editor.show(
        (tmp_path / "faulty.yaml").as_uri(), SOUND.replace("priority", "prioritty").replace("hello", "helo")
    )

    assert {each["range"]["start"]["line"] for each in found} == {3, 5}
    assert any("prioritty" in each["message"] for each in found)


JOURNEY = """\
rules:
  tour:
    event: order.paid
    canary: 10%
    if_late: {send_within: 2h}
    then:
      - split: greeting
        arms:
          letter: {weight: 50, then: [{send: {template: hello, channels: [email]}}]}
          nothing: {weight: 50}
      - wait: {event: order.paid, within: 3d, unless: [order.cancelled]}
        then:
          - if: reply.amount >= 100
            then: [{tag: big}]
            else: [stop]
"""


async def test_an_editor_knows_journeys(editor: Editor, tmp_path: Path) -> None:
    assert await editor.show((tmp_path / "sound.yaml").as_uri(), JOURNEY) == []

    text = (
        JOURNEY.replace("within: 3d, ", "").replace("{weight: 50}", "{weigth: 50}").replace("if: reply", "iff: reply")
    )
    found = await editor.show((tmp_path / "faulty.yaml").as_uri(), text)

    assert {9, 10, 12} <= {each["range"]["start"]["line"] for each in found}


async def test_an_editor_completes_the_keys_of_a_wait(editor: Editor, tmp_path: Path) -> None:
    uri = (tmp_path / "rules.yaml").as_uri()
    await editor.show(uri, "rules:\n  a:\n    then:\n      - wait:\n          event: order.paid\n          wit\n")

    assert {"within", "unless", "while", "same"} <= set(await editor.complete(uri, 5, 13))
