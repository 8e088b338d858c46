"""Every finding has a code that is explained, and can be said in English and in Chinese."""

from __future__ import annotations

import ast
import re
from string import Formatter

import pytest

from rules.check import check_playbook
from rules.codes.catalogue import CODES, FAMILIES
from rules.codes.languages import CHINESE, in_chinese, localised
from rules.read_cases import read_cases
from rules.report import render_text
from schemas.findings import Finding
from schemas.texts import say
from segments import units
from tests.core.test_check_playbook import CASES
from tests.core.test_condition_faults import CASES as CONDITIONS
from tests.core.test_inputs import CASES as INPUTS
from tests.core.test_read_cases import CASE as SOUND_CASE
from tests.core.test_read_cases import CASE_FAULTS
from tests.core.test_read_cases import SHOP as CASE_SHOP
from tests.core.test_read_faults import FAULTS, WHOLE
from tests.helpers.playbooks import BASE, CASE, ZONES, marked
from tests.helpers.sentences import codes_in, made_on_the_spot, sentences_in, speaking_modules
from tests.helpers.source import modules, parsed

# What `touchline test` and `explain` tell of a run is no finding either.
TOLD = {"case_results.py", "case_story.py", "case_trace.py", "case_why.py", "verdicts.py", "localtimes.py"}
HAN = re.compile("[\u4e00-\u9fff]")
# Texts that are not sentences of a finding: input of the parser's own, refusals of events, and what only developers see.
ELSEWHERE = re.compile(r"expressions of the playbook have faults|event is more than|the catalogue has no event")
NO_PLAYBOOK = {
    "mapping_values.py",
    "mapping_groups.py",
    "coerce.py",
    "fold.py",
    "windows.py",
    "totals.py",
    "plan.py",
    "localdays.py",
}


def parts(template: str) -> set[str]:
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(template) if name}


def test_every_code_that_is_used_is_in_the_catalogue_and_no_other() -> None:
    used = {code for path in speaking_modules() for code in codes_in(parsed(path))}
    used |= {f"bad_{kind}" for kind in units._TEXTS}

    assert set(CODES) == used


def test_every_code_is_explained_in_both_languages() -> None:
    lacking = [
        code.name
        for code in CODES.values()
        if not (code.english and code.remedy and HAN.search(code.chinese) and HAN.search(code.remedy_chinese))
    ]

    assert lacking == []
    assert sum(map(len, FAMILIES.values())) == len(CODES)


def test_every_sentence_of_a_finding_has_a_chinese_one() -> None:
    said = {
        (path.name, text)
        for path in speaking_modules()
        if path.name not in NO_PLAYBOOK | TOLD
        for text in sentences_in(parsed(path))
        if not ELSEWHERE.search(text)
    }

    lacking = sorted(each for each in said if each[1] not in CHINESE)
    assert lacking == [], "add them to rules/codes/chinese_*.py"


def test_every_chinese_sentence_belongs_to_one_that_is_said() -> None:
    texts = {
        node.value
        for path in [
            *speaking_modules(),
            *modules("messaging/render", "workers/packs.py", "workers/playbooks.py", "workers/commands/start.py"),
        ]
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert sorted(set(CHINESE) - texts) == []


def test_a_chinese_sentence_has_the_parts_of_the_english_one() -> None:
    templates = {text for path in speaking_modules() for text in sentences_in(parsed(path)) if "{" in text}
    said = {text for text in templates if text in CHINESE and re.search(r"\{\w+(![r])?(:\w+)?\}", text)}

    assert [text for text in sorted(said) if parts(text) != parts(CHINESE[text])] == []


def test_no_sentence_is_made_in_a_way_that_only_english_can_say() -> None:
    found = [
        place for path in speaking_modules() if path.name not in NO_PLAYBOOK | TOLD for place in made_on_the_spot(path)
    ]

    assert found == [], 'write say("unknown event {name!r}", name=name) instead of an f-string'


@pytest.mark.parametrize(
    "files",
    [
        *({**BASE, CASE: marked(text)[0]} for _, text in FAULTS.values()),
        *({**BASE, CASE: marked(text)[0]} for _, _, text in (*CASES.values(), *CONDITIONS.values(), *INPUTS.values())),
        *({CASE: marked(text)[0]} for _, text in WHOLE.values()),
    ],
)
def test_every_finding_can_be_said_in_chinese(files: dict[str, str]) -> None:
    _, findings = check_playbook(files, ZONES)

    for finding in findings:
        assert finding.code in CODES
        assert CODES[finding.code].severity in {finding.severity, "either"}
        assert HAN.search(in_chinese(finding.message) or ""), (finding.code, finding.message)
        assert in_chinese(finding.hint) is not None, (finding.code, finding.hint)


@pytest.mark.parametrize(("old", "new"), [(old, new) for old, new, _ in CASE_FAULTS])
def test_every_finding_of_a_test_can_be_said_in_chinese(old: str, new: str) -> None:
    _, findings = read_cases({CASE: marked(SOUND_CASE.replace(old, new))[0]}, CASE_SHOP)

    for finding in findings:
        assert HAN.search(in_chinese(finding.message) or ""), (finding.code, finding.message)
        assert in_chinese(finding.hint) is not None, (finding.code, finding.hint)


def test_a_finding_keeps_its_parts_and_its_place_in_another_language() -> None:
    finding = Finding("a.yaml", 3, 4, "unknown_event", "error", say("unknown {what} {name!r}", what="event", name="x"))

    (chinese,) = localised([finding], "zh")

    assert finding.arguments == {"what": "event", "name": "x"}
    assert (finding.message, chinese.message) == ("unknown event 'x'", "未知的事件 'x'")
    assert (chinese.file, chinese.line, chinese.column, chinese.code) == ("a.yaml", 3, 4, "unknown_event")
    assert localised([finding], "en") == [finding]


def test_a_name_of_the_playbook_that_is_a_word_of_ours_is_not_translated() -> None:
    sentence = say("unknown {what} {name!r}", what="event", name="a list")

    assert in_chinese(sentence) == "未知的事件 'a list'"


def test_a_sentence_without_a_translation_is_shown_behind_what_its_code_means() -> None:
    (finding,) = localised([Finding("a.yaml", 1, 1, "bad_template", "error", "unexpected tag")], "zh")

    assert finding.message == "读不懂的 Liquid 模板（unexpected tag）"


def test_a_report_in_chinese_calls_the_hint_so() -> None:
    finding = Finding("a.yaml", 1, 1, "yaml_tab", "error", "a tab stands here", "YAML is indented with spaces")

    assert render_text([finding], {}, color=False, language="zh").endswith("这里有制表符\n  提示：YAML 用空格缩进")
