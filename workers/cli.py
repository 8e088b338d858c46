"""The command `touchline`.

Reads its words, hands over to `workers.commands`, and turns errors into sentences and exit codes.

Exit codes: 0 done, 1 the thing checked has faults, 2 wrong use or settings, 3 a named stop, 70 a defect of ours.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import NamedStop, PlaybookError, TouchlineError
from workers.settings import environment, language

__all__ = ["app", "main", "spread"]

app = typer.Typer(
    name="touchline",
    help="Event-driven marketing automation: events in, segments true to the second, coupons and messages out.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document to standard output.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the embedded stores (default .touchline).")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results.")]
Files = Annotated[
    list[Path], typer.Option("--events", help="Files of events: .jsonl, .json, .csv, also .gz and .zst; one or more.")
]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="How rows of a CSV become events.")]


class Format(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    github = "github"


class Language(StrEnum):
    """In which language findings are said."""

    en = "en"
    zh = "zh"


Lang = Annotated[Language | None, typer.Option("--lang", help="en or zh; without it that of the locale.")]


class Engine(StrEnum):
    """What stands behind the ports of a simulation."""

    memory = "memory"
    sqlite = "sqlite"
    servers = "servers"


Workers = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="Processes that fold, with --engine servers; changes no result.")
]


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


@app.command(
    epilog="Example: touchline simulate --playbook playbook --events orders.csv.gz --mapping orders.yaml --out out"
)
def simulate(  # noqa: PLR0913, PLR0917 - the options of a command
    playbook: Annotated[Path, typer.Option("--playbook", help="The playbook's folder.")],
    events: Files,
    out: Out,
    mapping: MappingFile = None,
    until: Annotated[
        str | None, typer.Option("--until", help="End of the run, inclusive: 2011-12-31T00:00:00Z.")
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="memory, sqlite, or servers (TOUCHLINE_SIM_…); the files are the same.")
    ] = Engine.memory,
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Partitions of the log; changes no result.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=10_000, help="Records at a time; changes no result.")] = 500,
    tick: Annotated[str, typer.Option(help="How often virtual time is told; changes no result.")] = "1d",
    workers: Workers = 1,
    as_json: Json = False,
) -> None:
    """Play recorded events through a playbook on a virtual clock; nothing is sent to anybody."""
    from workers.commands.simulate import Request, run_simulation

    request = Request(playbook, tuple(events), mapping, out, until, engine.value, partitions, batch, tick, workers)
    run_simulation(request, as_json=as_json)


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
    as_json: Json = False,
) -> None:
    """Run the playbook's own tests on a virtual clock: no server, no adapter, nothing that could reach anybody."""
    from workers.commands.test import Request, run_tests

    request = Request(folder, tuple(files or ()), text, rule, junit, coverage, fail_under, as_json, watch)
    raise typer.Exit(run_tests(request))


@app.command(epilog="Example: touchline demo --out touchline-demo")
def demo(
    out: Out = Path("touchline-demo"),
    engine: Annotated[Engine, typer.Option(help="sqlite, memory, or servers (TOUCHLINE_SIM_…).")] = Engine.sqlite,
    workers: Workers = 1,
    as_json: Json = False,
) -> None:
    """A year of a real shop's orders, from CSV to messages in files, and what a shop owner would want to know of it."""
    from workers.commands.demo import run_demo

    run_demo(out, engine.value, workers, as_json=as_json)


@app.command("import", epilog="Example: touchline import orders.csv.gz --mapping orders.yaml")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Files of events.")],
    mapping: MappingFile = None,
    data: Data = None,
    live: Annotated[bool, typer.Option("--live", help="Let events within the lateness bound fire rules.")] = False,
    as_json: Json = False,
) -> None:
    """Bring recorded events into a workspace as history: profiles and segments are built, nothing is sent."""
    from workers.commands.history import run_import

    run_import(files, mapping, data, live=live, as_json=as_json)


@app.command(epilog="Example: touchline activate playbook")
def activate(
    folder: Annotated[Path, typer.Argument(help="The playbook's folder.")],
    data: Data = None,
    fire_entries: Annotated[
        bool, typer.Option("--fire-entries", help="Let people whom the change itself puts into segments start rules.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a playbook the one that decides, from one moment on, for everybody at once."""
    from workers.commands.activate import run_activate

    run_activate(folder, data, fire_entries=fire_entries, as_json=as_json)


@app.command(epilog="Example: touchline person 17850")
def person(
    identity: Annotated[str, typer.Argument(metavar="ID", help="The person's id.")],
    data: Data = None,
    source: Annotated[Path | None, typer.Option("--from", help="OUT of a simulation.")] = None,
    as_json: Json = False,
) -> None:
    """Show one person: stage, segments, traits, tags, and the last decisions with what became of them."""
    from workers.commands.look import run_person

    run_person(identity, data, source, as_json=as_json)


@app.command(epilog="Example: touchline status --json")
def status(data: Data = None, as_json: Json = False) -> None:
    """Show positions, lag, people, segments and the outbox in one screen."""
    from workers.commands.look import run_status

    run_status(data, as_json=as_json)


@app.command(
    epilog="Example: touchline migrate --to-log kafka://k1:9092/shop --to-state redis://v1 --to-ledger env:LEDGER"
)
def migrate(
    to_log: Annotated[
        str, typer.Option("--to-log", metavar="URL", help="Where the log goes; env:NAME names a variable.")
    ],
    to_state: Annotated[str, typer.Option("--to-state", metavar="URL", help="Where the state goes.")],
    to_ledger: Annotated[str, typer.Option("--to-ledger", metavar="URL", help="Where the ledger goes.")],
    partitions: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Partitions of the new log (a file 1, Kafka 12).")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Move a workspace to other stores: stop every process, copy, compare by counts and hashes, start there."""
    from workers.commands.migrate import Request, run_migrate

    run_migrate(Request(to_log, to_state, to_ledger, partitions, data), as_json=as_json)


@app.command(
    epilog='Example: touchline up, then: curl localhost:8080/v1/events -d \'{"person": "p1", "event": "order.paid"}\''
)
def up(
    data: Data = None,
    playbook: Annotated[
        Path | None, typer.Option("--playbook", help="The playbook's folder (default ./playbook).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on (default 8080).")] = None,
) -> None:
    """Run everything in one process: web, worker, dispatch and clock, on the embedded stores."""
    from workers.commands.serve import run_up

    run_up(data, playbook, host, port)


@app.command(epilog="Example: touchline web --port 8080")
def web(
    data: Data = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on.")] = None,
) -> None:
    """Take events over HTTP and append them to the log."""
    from workers.commands.serve import run_process

    run_process("web", data, host, port)


@app.command(epilog="Example: touchline worker")
def worker(data: Data = None) -> None:
    """Fold the log: profiles, segments and decisions."""
    from workers.commands.serve import run_process

    run_process("worker", data)


@app.command(epilog="Example: touchline dispatch")
def dispatch(data: Data = None) -> None:
    """Carry out decisions: coupons and messages."""
    from workers.commands.serve import run_process

    run_process("dispatch", data)


@app.command(epilog="Example: touchline clock")
def clock(data: Data = None) -> None:
    """Tell the log that time passes, and which schedules are due; any number may run."""
    from workers.commands.serve import run_process

    run_process("clock", data)


def spread(words: list[str]) -> list[str]:
    """`--events a b` as `--events a --events b`: the option takes all files behind it."""
    out: list[str] = []
    spreading = False
    for word in words:
        if word.startswith("-"):
            spreading = word == "--events"
            out.append(word)
            continue
        if spreading and out[-1] != "--events":
            out.append("--events")
        out.append(word)
    return out


def main() -> None:
    """The entry point of the command."""
    try:
        app(args=spread(sys.argv[1:]), standalone_mode=True)
    except PlaybookError as error:
        _findings(error)
        sys.exit(1)
    except NamedStop as error:
        _sentence(f"{error.code}: {error.message}", error.hint)
        sys.exit(3)
    except TouchlineError as error:
        _sentence(error.message, error.hint)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _defect(error)
        sys.exit(70)


def _sentence(message: str, hint: str) -> None:
    typer.echo(f"touchline: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def _findings(error: PlaybookError) -> None:
    from rules.report import render_text

    said = language(environment())
    typer.echo(render_text(list(error.findings), {}, color=False, language=said), err=True)
    _sentence(error.message, "the program in force stays as it is")


def _defect(error: Exception) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    typer.echo(text, err=True)
    _sentence(f"this is a defect of ours ({type(error).__name__}); please report it with the lines above", "")
