"""The documents name what there is, and nothing else."""

from __future__ import annotations

import ast
import importlib
import json
import re
import types
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from messaging import registry
from messaging.ports import STATUSES, Answer, Content
from messaging.render.filters import FILTERS
from messaging.render.scan import TAGS
from rules import read, read_offers, read_rules, read_steps
from rules.check import check_playbook
from rules.codes.document import codes_document
from rules.mapping import read_mapping
from segments import functions
from tests.fakes.http import Reply, Request, serve
from tests.helpers.documents import blocks, documents
from tests.helpers.documents import read as document
from tests.helpers.messages import a_request
from tests.helpers.source import PACKAGES, ROOT, modules, parsed
from workers import settings
from workers.cli import app

if TYPE_CHECKING:
    from pathlib import Path

PLAYBOOK = document("docs/playbook.md")
JOURNEYS = document("docs/journeys.md")
SETTINGS = document("docs/settings.md")
OPERATING = document("docs/operating.md")
# What the examples of the reference refer to and do not show.
AROUND = """
events: {cart.added: {properties: {cart_total: {type: money}}}, cart.cleared: {}}
segments: {recent_buyers: {when: 'count("order.paid", "7d") >= 1'}}
coupon_pools: {cart: {benefit: {percent_off: 10}}}
templates:
  hello: {purpose: marketing, channels: {email: {en: Hello}, sms: {en: Hello}}}
  cart_rescue: {purpose: marketing, channels: {wecom: {en: "{{ coupon.code }}"}, sms: {en: "{{ coupon.code }}"}}}
"""


def first_cells(text: str) -> set[str]:
    """What stands in backticks in the first cell of any table."""
    cells = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))


def test_the_page_of_codes_is_what_touchline_codes_prints() -> None:
    assert document("docs/codes.md") == codes_document(), "run: touchline codes > docs/codes.md"


def test_every_command_is_in_the_readme() -> None:
    table = document("README.md").split("## Commands")[1].split("\n## ")[0]

    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]

    assert [name for name in names if not re.search(rf"`(touchline )?{name}\b", table)] == []


def test_every_setting_is_in_the_documents_and_no_other() -> None:
    listed = {name for name in first_cells(SETTINGS) if name.startswith("TOUCHLINE_")}

    assert listed == {f"TOUCHLINE_{name}" for name in settings._KNOWN}


@pytest.mark.parametrize("name", registry._OWN)
def test_every_adapter_is_in_the_documents_with_its_options(name: str) -> None:
    module = importlib.import_module(f"messaging.adapters.{name}")
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and kind.__name__.endswith("Options")]
    options = {field.encode_name for kind in kinds for field in msgspec.structs.fields(kind)}

    assert [option for option in sorted(options) if f"`{option}`" not in row(SETTINGS, name)] == []


def test_every_part_of_the_language_is_in_the_reference() -> None:
    later = {*read._LATER, *read_steps._LATER}
    wanted = {
        *(f"`{section}`" for section in read._SECTIONS),
        *(f"`{name}`" for name in (*read_offers.CHANNELS, *FILTERS, *later)),
        *(f"`{tag}`" for tag in TAGS if not tag.startswith("end")),
        *(f"`{key}:" for key in read_rules._TRIGGERS),
        *(f"`{step}:" for step in (*read_steps._ACTIONS, *read_steps._FLOW)),
        *(status for status in read_rules._STATUSES),
    }
    named = {name for name in functions.FUNCTIONS if not re.search(rf"`{name}[(`]", PLAYBOOK)}

    assert sorted(part for part in wanted if part not in PLAYBOOK) == []
    assert named == set()


def test_the_examples_of_the_reference_are_one_playbook_that_checks_clean() -> None:
    texts = [block.text for block in blocks(PLAYBOOK) if block.language == "yaml"]
    *parts, mapping = texts
    more = [block.text for block in blocks(JOURNEYS) if block.language == "yaml"]
    files = {f"{number}.yaml": text for number, text in enumerate([*parts, *more, AROUND])}

    playbook, findings = check_playbook(files, frozenset({"Europe/London"}))
    mapped, faults = read_mapping(mapping, "mapping.yaml")

    assert [finding.as_json() for finding in findings if finding.severity == "error"] == []
    assert playbook is not None
    assert (mapped is not None, faults) == (True, [])


def test_every_named_stop_and_status_is_in_the_documents() -> None:
    stops = {
        code.value
        for path in modules(*PACKAGES)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "NamedStop"
        for keyword in node.keywords
        for code in [keyword.value]
        if keyword.arg == "code" and isinstance(code, ast.Constant)
    }

    assert stops
    assert (stops | set(STATUSES)) - first_cells(OPERATING) == set()
    assert stops - first_cells(document("docs/protocol.md")) == set()


def test_every_exit_code_is_in_the_documents() -> None:
    used = {
        str(node.args[0].value)
        for node in ast.walk(parsed(ROOT / "workers/cli.py"))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "sys.exit"
        and isinstance(node.args[0], ast.Constant)
    }

    assert {code for code in used if not re.search(rf"^\| {code} \|", OPERATING, re.MULTILINE)} == set()


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text)

    broken = [link for link in links if "://" not in link and not leads_somewhere(path, link)]

    assert broken == []


def leads_somewhere(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = path.parent / name if name else path
    if not target.exists():
        return False
    headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
    return not anchor or anchor in {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_file_and_make_target_that_a_document_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    files = re.findall(
        r"`((?:tests|rules|workers|messaging|stores|schemas|segments|web|scripts)/[\w./]*\w\.(?:py|sh))`", text
    )
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = [target for line in re.findall(r"(?:`|^)make ([a-z -]+)", text, re.MULTILINE) for target in line.split()]

    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [name for name in named if name not in targets] == []


async def test_the_adapter_of_the_documents_works() -> None:
    source = next(b.text for b in blocks(document("docs/adding-an-adapter.md")) if "file" in b.marks)
    module: Any = types.ModuleType("touchline_smsgate")
    exec(compile(source, "touchline_smsgate.py", "exec"), module.__dict__)  # the example, as a reader would save it
    taken: list[dict[str, str]] = []
    replies = [Reply(200, headers={"message-id": "m1"}), Reply(503), Reply(401), Reply(400)]

    async def gate(request: Request) -> Reply:
        taken.append(json.loads(request.body))
        return replies.pop(0)

    async with serve(gate) as server:
        adapter = module.adapter({"url": server.url, "token": "t"}, ROOT)
        request = a_request(key="k1", address="+4420", content=Content("Hello"))
        answers = [await adapter.send(request, 5) for _ in range(4)]
        await adapter.close()

    assert taken[0] == {"id": "k1", "to": "+4420", "text": "Hello"}
    assert answers[:2] == [Answer("sent", receipt="m1"), Answer("retry", "http_503")]
    assert [answer.outcome for answer in answers[2:]] == ["misconfigured", "rejected"]
