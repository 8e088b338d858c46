"""The packs that come along: each complete and sound by itself, in both languages, and together with the others."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from rules.model import Invite, Limit, SendMessage, walk_steps
from rules.read import read_playbook
from schemas.errors import InputError
from tests.helpers.histories import history
from tests.helpers.installation import Installation
from tests.helpers.typed import Typed, typing_in
from workers.packs import Pack, joined, pack_names, pack_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rules.model import Playbook

PACKS = pack_names()


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    here = Installation(tmp_path, {})
    yield here
    here.close()


@pytest.fixture
def typed(here: Installation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Typed:
    """The command within this process."""
    return typing_in(here, monkeypatch, capfd)


def playbook_of(name: str) -> Playbook:
    texts = {path: text for path, text in pack_of(name).files.items() if not path.startswith("tests/")}
    playbook, findings = read_playbook(texts)
    assert playbook is not None, findings
    return playbook


def a_pack(name: str, **files: str) -> Pack:
    base = {
        "touchline.yaml": "workspace:\n  zone: UTC\n  currency: CNY\n  language: zh\n",
        "inputs.yaml": "inputs:\n  a: {type: integer, default: 1}\n",
    }
    return Pack(name, base | files, {"en": "# A pack\n", "zh": "# 包\n"})


# ---------------------------------------------------------------- each by itself


def test_the_packs_of_the_plays_are_there() -> None:
    assert PACKS == [
        "birthday", "browse-three-times", "cart-and-unpaid", "check-in-streak", "community-rhythm", "referral-invitation",
        "welcome", "winback",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", PACKS)
def test_a_new_playbook_of_a_pack_is_clean_and_its_tests_pass(typed: Typed, name: str, language: str) -> None:
    done = typed("init", "shop", "--pack", name, "--lang", language)
    checked = typed("check", "shop", "--strict")
    tested = typed("test", "shop", "--json")

    assert (done.code, checked.code, tested.code) == (0, 0, 0), checked.out + tested.out
    assert json.loads(tested.out)["passed"] >= 10


@pytest.mark.parametrize("name", PACKS)
def test_the_tests_of_a_pack_try_everything_that_can_happen(typed: Typed, name: str) -> None:
    typed("init", "shop", "--pack", name)
    done = typed("test", "shop", "--coverage")

    # what `when` has asked for already cannot be unknown at a later step, which the count does not know
    missing = [line for line in done.out.splitlines() if ": " in line and "never unknown" not in line]
    assert missing == []


@pytest.mark.parametrize("name", PACKS)
def test_every_text_is_there_in_chinese_and_english(name: str) -> None:
    texts = {
        (template.id, channel): set(languages)
        for template in playbook_of(name).templates.values()
        for channel, languages in template.channels.items()
    }

    assert texts
    assert {place: languages for place, languages in texts.items() if languages != {"zh", "en"}} == {}


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_that_sends_has_a_limit_and_an_end_unless_a_reward_was_earned(name: str) -> None:
    playbook = playbook_of(name)
    sending = {
        rule.id: (rule.limit != Limit(), rule.expires is not None)
        for rule in playbook.rules.values()
        for _, step in walk_steps(rule.then)
        if isinstance(step, SendMessage | Invite) and step.template is not None
        if playbook.templates[step.template].purpose == "marketing" or name != "referral-invitation"
    }

    assert sending
    assert {rule: found for rule, found in sending.items() if not all(found)} == {}
    assert playbook.workspace.quiet is not None
    assert playbook.workspace.caps


@pytest.mark.parametrize("name", PACKS)
def test_a_history_plays_without_a_failure_and_something_is_sent(here: Installation, typed: Typed, name: str) -> None:
    typed("init", "shop", "--pack", name)
    lines = history(playbook_of(name), days=120)
    (here.folder / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")

    done = typed("simulate", "--playbook", "shop", "--events", "events.jsonl", "--out", "out", "--json")

    totals = json.loads(done.out)
    assert done.code == 0, done.err
    assert totals["rejected"] == {}
    assert totals["deliveries"].get("failed", {}) == {}
    assert totals["deliveries"]["sent"]
    assert len(totals["decisions"]) * 2 >= len(playbook_of(name).rules)


def test_the_title_of_a_pack_is_the_first_line_of_its_readme_in_both_languages() -> None:
    titles = [pack_of(name).title(language) for name in PACKS for language in ("en", "zh")]

    assert [title for title in titles if not 4 < len(title) < 80] == []
    assert len(set(titles)) == 2 * len(PACKS)


@pytest.mark.parametrize("name", PACKS)
def test_english_texts_are_of_inputs_that_there_are(name: str) -> None:
    pack = pack_of(name)
    named = {line.partition(":")[0] for line in pack.english.splitlines()}

    assert named <= playbook_of(name).definitions.inputs.keys()


# ---------------------------------------------------------------- together


def test_what_packs_share_they_say_in_the_same_words() -> None:
    texts: dict[str, set[str]] = defaultdict(set)
    for name in PACKS:
        for path, text in pack_of(name).files.items():
            texts[path].add(text)

    assert sorted(path for path, found in texts.items() if len(found) > 1) == ["inputs.yaml"]


def test_all_packs_go_together_and_all_their_tests_pass(typed: Typed) -> None:
    done = typed("init", "shop", *(word for name in PACKS for word in ("--pack", name)), "--lang", "en")
    checked = typed("check", "shop", "--strict")
    tested = typed("test", "shop", "--json")

    assert (done.code, checked.code, tested.code) == (0, 0, 0), checked.out + tested.out
    assert json.loads(tested.out)["passed"] > 100


def test_two_packs_with_one_file_that_differs_do_not_go_together() -> None:
    packs = [a_pack("one", **{"rules/a.yaml": "rules: {}\n"}), a_pack("two", **{"rules/a.yaml": "rules:\n"})]

    with pytest.raises(InputError, match=r"the packs one and two both have rules/a.yaml, and not the same"):
        joined(packs, "en")


def test_two_packs_that_ask_differently_under_one_name_do_not_go_together() -> None:
    packs = [a_pack("one"), a_pack("two", **{"inputs.yaml": "inputs:\n  a: {type: integer, default: 2}\n"})]

    with pytest.raises(InputError, match="the packs one and two both ask for the input 'a', and not for the same"):
        joined(packs, "en")


def test_two_packs_with_one_name_in_different_files_do_not_go_together() -> None:
    segment = "segments: {s: {when: 'now > now'}}\n"
    packs = [a_pack("one", **{"segments/a.yaml": segment}), a_pack("two", **{"segments/b.yaml": segment})]

    with pytest.raises(InputError, match=r"the packs one, two do not go together: segments/b.yaml:1: .*'s'"):
        joined(packs, "en")


# ---------------------------------------------------------------- the form


def test_the_form_asks_for_every_input_in_the_language_of_the_shop(typed: Typed, here: Installation) -> None:
    typed("init", "chinese", "--pack", "welcome", "--lang", "zh")
    typed("init", "english", "--pack", "welcome", "--lang", "en")
    chinese, english = ((here.folder / name / "values.yaml").read_text("utf-8") for name in ("chinese", "english"))

    assert "  # 店名\n  shop_name: 我的店\n" in chinese
    assert "  # name of the shop in messages\n  shop_name: My shop\n" in english
    assert [f"\n  {name}: " in chinese for name in playbook_of("welcome").definitions.inputs].count(False) == 0
    assert "language: en" in (here.folder / "english/touchline.yaml").read_text("utf-8")
    assert (here.folder / "chinese/README.md").read_text("utf-8") == pack_of("welcome").readme["zh"]


OWN = """\
tests:
  - name: what the form says is in the message
    given: {traits: {language: zh}, consent: marketing, contacts: wecom}
    when: [{event: member.joined}, {at: 3h}]
    expect: [{send: first_order_coupon, at: 2h, message: {contains: 减 25}}]
"""


def test_a_filled_in_form_is_in_force_and_the_tests_that_came_along_still_pass(
    typed: Typed, here: Installation
) -> None:
    typed("init", "shop", "--pack", "welcome", "--lang", "zh")
    form = here.folder / "shop/values.yaml"
    text = form.read_text("utf-8")
    changes = {"first_order_coupon: 10": "first_order_coupon: 25", "welcome_pause: 1d": "welcome_pause: 2h"}
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    form.write_text(text, "utf-8")
    (here.folder / "shop/tests/own.yaml").write_text(OWN, "utf-8")

    assert typed("check", "shop", "--strict").code == 0
    assert typed("test", "shop").code == 0


def test_a_wrong_value_in_the_form_is_named_at_its_line(typed: Typed, here: Installation) -> None:
    typed("init", "shop", "--pack", "welcome", "--lang", "en")
    form = here.folder / "shop/values.yaml"
    form.write_text(form.read_text("utf-8").replace("first_order_coupon: 10 CNY", "first_order_coupon: 10"), "utf-8")

    done = typed("check", "shop")

    assert done.code == 1
    assert "values.yaml:10:23: error[bad_money]" in done.out
    assert "1 error, 0 warnings" in done.out


@pytest.mark.parametrize("name", PACKS)
def test_all_amounts_stand_in_three_files_so_that_another_currency_is_one_command(
    typed: Typed, here: Installation, name: str
) -> None:
    typed("init", "shop", "--pack", name)
    for file in ("touchline.yaml", "inputs.yaml", "values.yaml"):
        path = here.folder / "shop" / file
        path.write_text(path.read_text("utf-8").replace("CNY", "GBP"), "utf-8")

    assert typed("check", "shop", "--strict").code == 0
    assert typed("test", "shop").code == 0


# ---------------------------------------------------------------- the command


def test_init_says_what_to_do_next_and_the_steps_work_by_the_real_command(here: Installation) -> None:
    done = here.run("init", "my shop", "--pack", "welcome", "--pack", "winback", "--lang", "en")

    assert (done.returncode, done.stderr) == (0, "")
    assert "my shop: 21 files of welcome, winback" in done.stdout
    steps = [line.strip() for line in done.stdout.splitlines() if line.startswith("  touchline ")]
    assert steps[:2] == ["touchline check 'my shop'", "touchline test 'my shop'"]
    assert here.run("check", "my shop", "--strict").returncode == 0
    assert "26 passed, 0 failed" in here.run("test", "my shop").stdout


def test_init_as_json_is_one_document(typed: Typed) -> None:
    said = json.loads(typed("init", "shop", "--pack", "winback", "--json").out)

    assert (said["folder"], said["packs"]) == ("shop", ["winback"])
    assert {"values.yaml", "inputs.yaml", "touchline.yaml", "README.md"} < set(said["files"])


def test_the_list_of_packs_is_a_table_or_one_document(typed: Typed) -> None:
    rows = json.loads(typed("init", "--list", "--json").out)

    assert [row["pack"] for row in rows] == PACKS
    assert [row for row in rows if row["rules"] < 1] == []
    assert "三步唤醒沉睡客户" in typed("init", "--list", "--lang", "zh").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["shop", "--pack", "welcom"], "there is no pack 'welcom'\n  did you mean 'welcome'?"),
        (
            ["shop", "--pack", "cart"],
            "there is no pack 'cart'\n  did you mean 'cart-and-unpaid'? (`touchline init --list` says what they do)",
        ),
        (["shop"], "name a pack: --pack NAME\n  touchline init --list"),
        ([], "name the new playbook's folder\n  touchline init playbook --pack welcome"),
        (["full", "--pack", "welcome"], "full is not empty\n  name a folder that is new or empty"),
        (["full/file", "--pack", "welcome"], "full/file is a file"),
        (["full/file/below", "--pack", "welcome"], "full/file/below cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_nothing_is_written(
    typed: Typed, here: Installation, words: list[str], sentence: str
) -> None:
    (here.folder / "full").mkdir()
    (here.folder / "full/file").write_text("mine", "utf-8")

    assert sentence in typed("init", *words).sentence()
    assert [path.name for path in here.folder.rglob("*")] == ["full", "file"]


def test_a_refusal_is_said_in_the_language_of_the_locale(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    done = here.run("init", "shop", "--pack", "cart")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "touchline: 没有剧本包 'cart'\n  是不是 'cart-and-unpaid'？（`touchline init --list` 说明各自的用途）\n"
    )
