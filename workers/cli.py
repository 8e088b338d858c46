"""The command `touchline`.

Hands its words over to `workers.words` and `workers.commands`, and turns errors into sentences and exit codes.

Exit codes: 0 done, 1 the thing checked has faults, 2 wrong use or settings, 3 a named stop, 70 a defect of ours.
"""

from __future__ import annotations

import sys

import typer

from schemas.errors import NamedStop, PlaybookError, TouchlineError
from workers.log import quieten
from workers.settings import environment, language
from workers.words import playbooks, recordings, services, workspaces
from workers.words.app import app

__all__ = ["app", "main", "spread"]

COMMANDS = (playbooks, recordings, services, workspaces)
"""Modules whose commands the app has: whoever imports them adds them; help shows them in this order."""


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
    quieten()
    try:
        app(args=spread(sys.argv[1:]), standalone_mode=True)
    except PlaybookError as error:
        _findings(error)
        sys.exit(1)
    except NamedStop as error:
        _sentence(f"{error.code}: {error.message}", error.hint)
        sys.exit(3)
    except TouchlineError as error:
        _sentence(*_localised(error))
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        _defect(error)
        sys.exit(70)


def _localised(error: TouchlineError) -> tuple[str, str]:
    """Message and hint in the language of `--lang`, else of the locale, as far as they are there."""
    from rules.codes.languages import in_chinese

    if _language(sys.argv[1:]) != "zh":
        return error.message, error.hint
    return in_chinese(error.message) or error.message, in_chinese(error.hint) or error.hint


def _language(words: list[str]) -> str:
    for word, behind in zip(words, [*words[1:], ""], strict=True):
        if word == "--lang":
            return behind
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    return language(environment())


def _sentence(message: str, hint: str) -> None:
    typer.echo(f"touchline: {message}", err=True)
    if hint:
        typer.echo(f"  {hint}", err=True)


def _findings(error: PlaybookError) -> None:
    from rules.report import render_text

    said = language(environment())
    typer.echo(render_text(list(error.findings), {}, color=False, language=said), err=True)
    _sentence(error.message, error.hint)


def _defect(error: Exception) -> None:
    import traceback

    text = "".join(traceback.format_exception(error))
    typer.echo(text, err=True)
    _sentence(f"this is a defect of ours ({type(error).__name__}); please report it with the lines above", "")
