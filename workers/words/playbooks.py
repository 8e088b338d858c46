"""Commands about a playbook in a folder; none of them needs a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workers.settings import environment, language
from workers.words.app import Format, Json, Lang, Out, app

__all__ = ["check", "codes", "docs", "fmt", "init", "playbook_tests", "schema"]


@app.command(epilog="Example: touchline init playbook --pack welcome --pack cart-and-unpaid")
def init(
    folder: Annotated[Path | None, typer.Argument(help="The new playbook's folder: one that is new or empty.")] = None,
    pack: Annotated[
        list[str] | None, typer.Option("--pack", metavar="NAME", help="A pack; several are joined.")
    ] = None,
    lang: Lang = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the packs that there are.")] = False,
    as_json: Json = False,
) -> None:
    """Begin a playbook with packs: plays that come along, with texts in Chinese and English, and tests."""
    from workers.commands.start import list_packs, start_playbook

    said = lang.value if lang is not None else language(environment())
    if listed:
        list_packs(said, as_json=as_json)
    else:
        start_playbook(folder, pack or (), said, as_json=as_json)


@app.command(epilog="Example: touchline check playbook --format github")
def check(
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    form: Annotated[Format, typer.Option("--format", help="text, json or github (annotations).")] = Format.text,
    as_json: Json = False,
    lang: Lang = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings too.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="First correct what can only have been meant in one way.")] = False,
) -> None:
    """Check a playbook: every fault of every file, with its place and what to write instead."""
    from workers.commands.check import check_folder

    said = lang.value if lang is not None else language(environment())
    if fix:
        from workers.commands.rewrite import fix_folder

        fix_folder(folder, said)
    raise typer.Exit(check_folder(folder, "json" if as_json else form.value, said, strict=strict))


@app.command(epilog="Example: touchline fmt playbook --check")
def fmt(
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    check_only: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a file would change.")] = False,
    as_json: Json = False,
) -> None:
    """Put the files of a playbook into their canonical form: same meaning, every comment kept."""
    from workers.commands.rewrite import format_folder

    raise typer.Exit(format_folder(folder, check_only=check_only, as_json=as_json))


@app.command(epilog="Example: touchline schema playbook > touchline.schema.json")
def schema(
    folder: Annotated[Path | None, typer.Argument(help="A playbook, whose own names the schema is to know.")] = None,
) -> None:
    """Print the JSON Schema of playbook files, for editors: completion, explanations, errors while typing."""
    from workers.commands.describe import print_schema

    print_schema(folder)


@app.command(epilog="Example: touchline docs playbook --out playbook-docs")
def docs(
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    out: Out = Path("playbook-docs"),
    as_json: Json = False,
) -> None:
    """Write the reference of a playbook: what exists and what happens, as Markdown with a picture of each rule."""
    from workers.commands.describe import write_reference

    write_reference(folder, out, as_json=as_json)


@app.command(epilog="Example: touchline codes unknown_event")
def codes(code: Annotated[str | None, typer.Argument(help="One code; all of them without it.")] = None) -> None:
    """Explain the codes of findings: what each means and what to do, in English and Chinese."""
    from workers.commands.check import print_codes

    print_codes(code)


@app.command("test", epilog="Example: touchline test playbook -k welcome --coverage")
def playbook_tests(  # noqa: PLR0913, PLR0917 - the options of a command
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="Only these files of tests.")] = None,
    text: Annotated[str, typer.Option("-k", metavar="TEXT", help="Only tests whose name holds it.")] = "",
    rule: Annotated[str | None, typer.Option("--rule", metavar="ID", help="Only tests about this rule.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the results as JUnit XML.")] = None,
    coverage: Annotated[bool, typer.Option("--coverage", help="Show what no test has tried.")] = False,
    fail_under: Annotated[
        float | None, typer.Option("--fail-under", min=0, max=100, help="Fail below this coverage, in percent.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Run again when a file of the playbook changes.")] = False,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Run the playbook's own tests on a virtual clock: no server, no adapter, nothing that could reach anybody."""
    from workers.commands.test import Request, run_tests

    said = lang.value if lang is not None else language(environment())
    request = Request(folder, tuple(files or ()), text, rule, junit, coverage, fail_under, as_json, watch, said)
    raise typer.Exit(run_tests(request))
