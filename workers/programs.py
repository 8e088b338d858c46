"""Programs by hash: loaded from the ledger, never from a folder, compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from rules.compile import compile_playbook
from rules.read import read_playbook
from rules.values import show_input
from schemas.errors import NamedStop, PlaybookError
from workers.playbooks import zone_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.program import Program
    from schemas.offers import Offers
    from schemas.profile import Profile
    from stores.ports import Ledger

__all__ = ["Programs", "offers_of", "pack_files", "program_of", "unpack_files"]

_files = msgspec.json.Decoder(dict[str, str])


def pack_files(files: Mapping[str, str]) -> bytes:
    """A playbook's files as the ledger keeps them."""
    return msgspec.json.encode(dict(sorted(files.items())))


def unpack_files(text: bytes) -> dict[str, str]:
    """The files of a kept playbook."""
    return _files.decode(text)


def program_of(files: Mapping[str, str]) -> Program:
    """The program of a playbook's files, if they check clean. Raises `PlaybookError` with every finding."""
    from rules.check import check_playbook  # what only runs a program does not load its lint

    playbook, findings = check_playbook(files, zone_names())
    if playbook is None:
        errors = sum(finding.severity == "error" for finding in findings)
        message = f"the playbook has {errors} {'fault' if errors == 1 else 'faults'}"
        raise PlaybookError(message, findings)
    return compile_playbook(playbook)


def _kept_program(files: Mapping[str, str]) -> Program:
    """A program that was activated once: it was checked then, perhaps by an earlier version's rules."""
    playbook, findings = read_playbook(files)
    if playbook is None:
        message = "a playbook in the ledger cannot be read by this version"
        raise PlaybookError(message, findings)
    return compile_playbook(playbook)


def offers_of(program: Program) -> Offers:
    """Templates, pools and communities of a program."""
    from schemas.offers import Offers

    playbook = program.playbook
    workspace = playbook.workspace
    return Offers(
        playbook.templates,
        playbook.pools,
        playbook.communities,
        workspace.zone,
        workspace.currency,
        workspace.language,
        workspace.quiet,
        workspace.caps,
        {name: show_input(value, workspace.currency) for name, value in playbook.definitions.inputs.items()},
    )


class Programs:
    """A cache of compiled programs over the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.compiled: dict[str, Program] = {}

    def known(self, name: str) -> Program | None:
        """A program that was loaded before, by its hash or by the id that profiles carry."""
        found = self.compiled.get(name)
        return found or next((p for p in self.compiled.values() if p.id == name), None)

    async def load(self, hash_: str) -> Program:
        """A program. Raises `NamedStop` `PROGRAM_MISSING` when the ledger lacks it."""
        found = self.compiled.get(hash_)
        if found is None:
            text = await self.ledger.program(hash_)
            if text is None:
                message = f"the program {hash_[:12]} is not in the ledger; the stores must come from one installation"
                raise NamedStop(message, code="PROGRAM_MISSING", hint="activate it again: touchline activate DIR")
            found = self.compiled[hash_] = _kept_program(unpack_files(text))
        return found

    async def of_profile(self, profile: Profile) -> Program:
        """The program that a profile is on. Raises `NamedStop` `PROGRAM_MISSING`."""
        found = self.known(profile.program)
        if found is None:
            await self.load_all()
            found = self.known(profile.program)
        return found or await self.load(profile.program)

    async def load_all(self) -> None:
        """Every program that was ever activated: waiting runs finish on the one they began with."""
        for row in await self.ledger.fetch("activations"):
            await self.load(row["hash"])

    async def offers(self, hash_: str) -> Offers:
        """What a program hands out, for the dispatcher."""
        return offers_of(await self.load(hash_))
