"""The promises of the design that no single module can keep: purity, layers, sizes, one clock."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING

from tests.helpers.source import (
    PACKAGES,
    ROOT,
    calls,
    full_name,
    imported_names,
    modules,
    parsed,
    pyproject,
    used_names,
    where,
)

if TYPE_CHECKING:
    from pathlib import Path

CORE = ("analytics", "campaigns", "rules", "schemas", "segments")
CORE_OF_MESSAGING = ("policy", "ports", "render")
TABLES = ROOT / "schemas/tables.py"

IMPURE_MODULES = frozenset(
    [
        "asyncio",
        "concurrent",
        "ctypes",
        "http",
        "importlib",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib",
        "uuid",
    ]
)
CLOCK_READS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "time.localtime",
        "time.monotonic",
        "time.monotonic_ns",
        "time.perf_counter",
        "time.perf_counter_ns",
        "time.time",
        "time.time_ns",
    },
)
UNWANTED_CALLS = frozenset({"breakpoint", "hash", "input", "open", "print"})  # `hash` differs from process to process
SLEEPS = frozenset({"asyncio.sleep", "time.sleep", "anyio.sleep"})
WAITING = ROOT / "tests/helpers/waiting.py"
HEAVY = (
    "aiokafka",
    "alembic",
    "apscheduler",
    "duckdb",
    "faust",
    "httpx",
    "redis",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "uvicorn",
)


def core_modules() -> list[Path]:
    places = [
        *CORE,
        *(f"messaging/{name}.py" for name in CORE_OF_MESSAGING),
        *(f"messaging/{name}" for name in CORE_OF_MESSAGING),
    ]
    return [path for path in modules(*places) if path != TABLES]


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_declaration(function: ast.AsyncFunctionDef) -> bool:
    """Only a docstring or `...`: a port says that its implementations wait, and waits for nothing itself."""
    return all(isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) for line in function.body)


def test_no_core_module_imports_clock_chance_environment_files_network_or_threads() -> None:
    faults = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in core_modules()
        for name in imported_names(parsed(path)).values()
        if name.split(".")[0] in IMPURE_MODULES
    ]

    assert faults == []


def test_no_core_module_touches_a_file_the_screen_or_the_clock() -> None:
    faults = [
        f"{where(path, node)}: {name}"
        for path in core_modules()
        for name, node in calls(parsed(path))
        if name in CLOCK_READS or name in UNWANTED_CALLS or name.endswith((".read_text", ".read_bytes"))
    ]

    assert faults == []


def test_no_core_module_waits() -> None:
    faults = [
        where(path, node)
        for path in core_modules()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith)
        or (isinstance(node, ast.AsyncFunctionDef) and not is_declaration(node))
    ]

    assert faults == []


def test_every_top_level_package_is_built_and_stands_in_the_import_contracts() -> None:
    in_the_tree = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"}
    contracts = pyproject()["tool"]["importlinter"]
    layers = {
        name.strip(" ()").split(".")[0]
        for layer in contracts["contracts"][0]["layers"]
        for name in layer.replace("|", ":").split(":")
    }

    assert in_the_tree == set(PACKAGES)
    assert set(contracts["root_packages"]) == in_the_tree
    assert layers == in_the_tree
    assert set(pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == in_the_tree


def test_no_module_is_above_400_lines() -> None:
    sizes = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules(*PACKAGES, "bench", "scripts", "tests")
    }

    assert {path: size for path, size in sizes.items() if size > 400} == {}


def test_functions_are_about_ten_lines_and_nine_of_ten_are_under_forty() -> None:
    sizes = sorted(length(function) for path in modules(*PACKAGES) for function in functions(path))

    assert statistics.median(sizes) <= 10
    assert sizes[len(sizes) * 9 // 10] < 40


def test_the_clock_is_read_in_one_file_only() -> None:
    readers = {
        where(path, node): name
        for path in modules(*PACKAGES)
        for name, node in used_names(parsed(path))
        if name in CLOCK_READS and path != ROOT / "workers/clock.py"
    }

    assert readers == {}


def test_tests_never_sleep() -> None:
    faults = [
        where(path, call)
        for path in modules("tests")
        if path != WAITING
        for name, call in calls(parsed(path))
        if name in SLEEPS and not only_yields(call)
    ]

    assert faults == []


def only_yields(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` only lets other tasks run."""
    return bool(call.args) and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def test_tests_neither_mock_nor_patch_our_own_code() -> None:
    mocks = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("tests")
        for name in imported_names(parsed(path)).values()
        if name.startswith(("unittest.mock", "mock.", "pytest_mock"))
    ]
    patches = [
        where(path, call)
        for path in modules("tests")
        for name, call in calls(parsed(path))
        if name.endswith((".setattr", ".delattr", ".setitem")) and call.args and is_ours(path, call.args[0])
    ]

    assert mocks + patches == []


def is_ours(path: Path, target: ast.expr) -> bool:
    name = target.value if isinstance(target, ast.Constant) else full_name(target, imported_names(parsed(path)))
    return isinstance(name, str) and name.split(".")[0] in PACKAGES


def test_no_other_distribution_brings_a_package_of_one_of_our_names() -> None:
    owners = packages_distributions()

    assert {name: owners[name] for name in PACKAGES if set(owners.get(name, ())) - {"touchline"}} == {}


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    program = f"import sys, workers.cli; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_worker_on_servers_starts_without_what_only_others_need() -> None:
    modules = "workers.cli, workers.commands.serve, workers.processes, workers.faust_worker"
    stores = "stores.kafka_log, stores.redis_state, stores.postgres_ledger"
    others = ("alembic", "apscheduler", "httpx", "liquid", "rules.check", "starlette", "uvicorn", "watchfiles")
    program = f"import sys, {modules}, {stores}; print([name for name in {others!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
