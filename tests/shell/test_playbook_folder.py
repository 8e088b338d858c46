from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from schemas.errors import InputError
from workers.playbooks import MAX_FILE_BYTES, read_folder, zone_names

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        file = folder / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def test_a_folder_gives_its_yaml_files_sorted_by_name(tmp_path: Path) -> None:
    write(tmp_path, rules__b_dot_yaml="b", rules__a_dot_yml="a", touchline_dot_yaml="优", notes_dot_md="no")
    assert list(read_folder(tmp_path).items()) == [
        ("rules/a.yml", "a"),
        ("rules/b.yaml", "b"),
        ("touchline.yaml", "优"),
    ]


def test_tests_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        a_dot_yaml="a",
        tests__t_dot_yaml="t",
        _dot_git__x_dot_yaml="x",
        _dot_hidden_dot_yaml="h",
        rules__tests__r_dot_yaml="r",
    )
    assert list(read_folder(tmp_path)) == ["a.yaml", "rules/tests/r.yaml"]


def test_a_folder_that_does_not_exist_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere does not exist; give the folder that holds touchline.yaml\."):
        read_folder(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    write(tmp_path, a_dot_yaml="a")
    with pytest.raises(InputError, match=r"is a file, and a playbook is a folder"):
        read_folder(tmp_path / "a.yaml")


def test_a_folder_without_yaml_is_no_playbook(tmp_path: Path) -> None:
    write(tmp_path, notes_dot_md="no")
    with pytest.raises(InputError, match=r"holds no \.yaml file"):
        read_folder(tmp_path)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    write(tmp_path, big_dot_yaml="#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(InputError, match=r"has more than 1024 KiB"):
        read_folder(tmp_path)


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "gbk.yaml").write_bytes("欢迎".encode("gbk"))
    with pytest.raises(InputError, match=r"gbk\.yaml is not UTF-8 \(byte 0\); save it as UTF-8"):
        read_folder(tmp_path)


def test_a_link_that_leads_nowhere_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lost.yaml").symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(InputError, match=r"lost\.yaml cannot be read: No such file or directory\."):
        read_folder(tmp_path)


def test_the_zones_of_the_sample_are_known() -> None:
    assert {"Europe/London", "Asia/Shanghai", "UTC"} <= zone_names()


def test_what_is_not_obeyed_yet_cannot_go_live_but_may_be_a_draft() -> None:
    from schemas.errors import PlaybookError
    from workers.activation import refuse_what_is_not_obeyed

    rule = "rules:\n  r:\n    status: {}\n    event: visit\n    caps: 10\n    then: [{{tag: seen}}]\n"
    files = {"touchline.yaml": "workspace: {name: t, zone: UTC, currency: EUR}\n", "e.yaml": "events: {visit: {}}\n"}

    refuse_what_is_not_obeyed(files | {"r.yaml": rule.format("draft")})
    with pytest.raises(PlaybookError) as refused:
        refuse_what_is_not_obeyed(files | {"r.yaml": rule.format("live")})

    assert [(f.file, f.line, f.code) for f in refused.value.findings] == [("r.yaml", 5, "not_available")]
