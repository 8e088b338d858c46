"""Makes `build/compiled`: a copy of the tree in which the modules of the fold are machine code (mypyc).

Run there (`cd build/compiled`), everything is the same, only faster; the tree itself never holds a compiled module, so
none can go stale under a changed source. Without a C compiler the copy is plain Python.

    python scripts/compiled.py [--required]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "build/compiled"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
MODULES = (
    "schemas/ids.py",
    "schemas/money.py",
    "segments/localdays.py",
    "segments/packed.py",
    "segments/peaks.py",
    "segments/plan.py",
    "segments/totals.py",
    "segments/windows.py",
    "rules/applying.py",
    "rules/coerce.py",
    "rules/fold.py",
    "rules/journey.py",
    "rules/limits.py",
    "rules/program.py",
    "rules/route.py",
    "rules/run.py",
    "rules/starting.py",
    "rules/steps.py",
    "rules/turn.py",
    "rules/waits.py",
    "workers/batch.py",
    "workers/decoding.py",
)
_GROUP = "touchline"
_TYPED = ("schemas", "segments", "rules", "messaging", "campaigns")
_TYPED_TOO = ("stores/ports.py", "workers/batch.py", "workers/decoding.py")
_LEFT_OUT = shutil.ignore_patterns(".*", "build", "dist", "__pycache__", "*.so", "*.egg-info", "touchline-demo")


def make(*, required: bool = False) -> list[Path]:
    """Renew the copy and what has to be compiled anew; the extension modules, none without a compiler."""
    if required and not _has_compiler():
        sys.exit("touchline: there is no C compiler on this machine; install one (Debian and Ubuntu: apt install gcc)")
    digest, kept = _digest(), TARGET.with_name("compiled.old")
    shutil.rmtree(kept, ignore_errors=True)
    if TARGET.exists():
        TARGET.rename(kept)
    shutil.copytree(ROOT, TARGET, ignore=_LEFT_OUT)
    stamp = kept / ".compiled"
    if stamp.is_file() and stamp.read_text("utf-8") == digest:
        for old in kept.rglob(f"*{SUFFIX}"):
            old.rename(TARGET / old.relative_to(kept))
    elif _has_compiler():
        _compile()
    else:
        print("touchline: there is no C compiler on this machine, so this is plain Python", file=sys.stderr)
    made = sorted(TARGET.rglob(f"*{SUFFIX}"))
    if made:
        _check()
        (TARGET / ".compiled").write_text(digest, "utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    return made


def _has_compiler() -> bool:
    names = (os.environ.get("CC"), (sysconfig.get_config_var("CC") or "").split(" ")[0], "cc")
    headers = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return headers.is_file() and any(name and shutil.which(name.split(" ")[0]) for name in names)


def _digest() -> str:
    """Over all that the machine code depends on."""
    parts = [sys.version, version("mypy"), Path(__file__).read_text("utf-8")]
    paths = [path for room in _TYPED for path in sorted((ROOT / room).rglob("*.py"))]
    paths += [ROOT / path for path in _TYPED_TOO]
    parts += [f"{path.relative_to(ROOT)}\n{path.read_text('utf-8')}" for path in paths]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _compile() -> None:
    print("touchline: compiling the fold (half a minute, once for each change of it)", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, __file__, "--in-place"],
        cwd=TARGET,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    shutil.rmtree(TARGET / "build", ignore_errors=True)
    if done.returncode:
        sys.exit(
            f"{done.stdout.decode(errors='replace')}\ntouchline: the fold was not compiled; the lines above say why"
        )


def _compile_in_place() -> None:
    """In the copy: mypyc makes C of the modules, and the C compiler what Python imports instead of them."""
    from mypyc.build import mypycify
    from setuptools import Distribution

    extensions = mypycify(list(MODULES), opt_level="3", debug_level="0", group_name=_GROUP)
    command = Distribution({"name": _GROUP, "ext_modules": extensions}).get_command_obj("build_ext")
    command.inplace = True
    command.ensure_finalized()
    command.run()


def _check() -> None:
    """Fail unless the copy imports every compiled module in its compiled form."""
    names = [path.removesuffix(".py").replace("/", ".") for path in MODULES]
    code = "import importlib, sys; print('\\n'.join(importlib.import_module(n).__file__ for n in sys.argv[1:]))"
    found = subprocess.run(
        [sys.executable, "-c", code, *names], cwd=TARGET, check=True, stdout=subprocess.PIPE, text=True
    )
    for name, file in zip(names, found.stdout.split(), strict=True):
        if not (Path(file).is_relative_to(TARGET) and file.endswith(SUFFIX)):
            sys.exit(f"touchline: {name} was not compiled: {file} is imported; remove build/ and try again")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python scripts/compiled.py", description=__doc__.partition("\n")[0])
    parser.add_argument("--required", action="store_true", help="fail without a C compiler")
    parser.add_argument("--in-place", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_place:
        _compile_in_place()
    else:
        make(required=options.required)
