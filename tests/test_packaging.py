"""What is built and what is installed with it."""

from __future__ import annotations

import importlib
import importlib.machinery
import re
import runpy
import zipfile
from importlib.metadata import entry_points

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.helpers.source import PACKAGES, ROOT, pyproject

PROJECT = pyproject()["project"]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    return zipfile.ZipFile(next(WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])))


def test_the_wheel_holds_our_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert tops == {*PACKAGES, f"touchline-{PROJECT['version']}.dist-info"}


def test_the_wheel_holds_every_file_of_our_packages(wheel: zipfile.ZipFile) -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert files - set(wheel.namelist()) == set()


def test_the_wheel_brings_the_sample_that_the_demo_plays(wheel: zipfile.ZipFile) -> None:
    sample = ROOT / "examples/online_retail"
    files = {
        f"rules/packs/online_retail/{path.relative_to(sample).as_posix()}"
        for path in sample.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert len(files) > 10
    assert files - set(wheel.namelist()) == set()


def test_the_wheel_brings_the_command_the_adapters_and_the_licence(wheel: zipfile.ZipFile) -> None:
    about = f"touchline-{PROJECT['version']}.dist-info"
    entries = wheel.read(f"{about}/entry_points.txt").decode()

    assert "touchline = workers.cli:main" in entries
    assert "[touchline.adapters]" in entries
    assert f"{about}/licenses/LICENSE" in wheel.namelist()


@pytest.mark.parametrize(("name", "target"), sorted(PROJECT["entry-points"]["touchline.adapters"].items()))
def test_every_adapter_named_in_pyproject_exists(name: str, target: str) -> None:
    module, attribute = target.split(":")

    assert hasattr(importlib.import_module(module), attribute), name


def test_the_command_named_in_pyproject_exists() -> None:
    module, attribute = PROJECT["scripts"]["touchline"].split(":")

    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_answers_every_requirement(lock: str) -> None:
    wanted = [*PROJECT["dependencies"], *(PROJECT["optional-dependencies"]["dev"] if "dev" in lock else [])]
    pinned = pins(lock)

    faults = [
        text
        for text in wanted
        for need in [Requirement(text)]
        if not need.specifier.contains(pinned.get(canonicalize_name(need.name), "0"), prereleases=True)
    ]

    assert faults == []


def test_both_locks_agree() -> None:
    development = pins("requirements-dev.lock")

    assert {name: pin for name, pin in pins("requirements.lock").items() if development.get(name) != pin} == {}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_no_lock_names_a_host_or_a_folder(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]

    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r".*(?:://|--index|--find-links|file:|^/).*", text, flags=re.MULTILINE) == []


def test_the_version_is_told_by_the_installed_package() -> None:
    installed = [point for point in entry_points(group="console_scripts") if point.name == "touchline"]

    assert [point.dist.version for point in installed if point.dist] in ([], [PROJECT["version"]])


def test_the_tree_holds_no_compiled_module() -> None:
    # one would be imported instead of its source, and stay the same when the source changes
    suffixes = set(importlib.machinery.EXTENSION_SUFFIXES)

    assert [p for name in PACKAGES for p in (ROOT / name).rglob("*") if "".join(p.suffixes[-2:]) in suffixes] == []


def test_what_is_compiled_exists_and_is_pure() -> None:
    listed = runpy.run_path(str(ROOT / "scripts/compiled.py"))["MODULES"]

    impure = {path for path in listed if path.split("/")[0] not in {"schemas", "segments", "rules"}}
    assert impure == {"workers/batch.py", "workers/decoding.py"}  # these take records and give rows, nothing else
    assert [path for path in listed if not (ROOT / path).is_file()] == []
