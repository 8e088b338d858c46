"""From the texts of a playbook's files to a `Playbook`, or to findings that say what is wrong and where."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from hashlib import sha256

from rules import read_catalogue, read_names, read_offers, read_rules
from rules.fields import Places, Reader, Waiver, not_available
from rules.hints import allowed
from rules.loader import load
from rules.model import Playbook
from rules.nodes import Entry, Mapping, Node, Scalar
from rules.read_inputs import Inputs, check_currency, put_in, read_inputs
from rules.read_values import is_currency
from rules.references import References
from schemas.catalogue import Catalogue, TraitType
from schemas.findings import Finding, Mark
from schemas.texts import say
from segments.syntax import parse
from segments.tree import mentions

__all__ = ["Reading", "playbook_hash", "read", "read_playbook"]

_SECTIONS = (
    "workspace",
    "inputs",
    "values",
    "events",
    "traits",
    "lists",
    "let",
    "segments",
    "lifecycle",
    "rules",
    "coupon_pools",
    "communities",
    "templates",
)
_LATER = (
    "sequences", "points", "badges", "draws", "referrals", "experiments", "budgets", "campaigns",
)  # fmt: skip

_OF_THE_WORKSPACE = {key: say("`{key}` stands under `workspace`", key=key) for key in read_catalogue.WORKSPACE_KEYS}


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading. With errors among the findings the playbook has gaps and only serves to find more faults.

    `broken`: rules that could not be read whole. `typed`: the catalogue could be, so its types can be relied on, save
    those of the properties and traits that are `doubtful`.
    """

    playbook: Playbook
    findings: list[Finding]
    places: Places
    broken: frozenset[str]
    typed: bool
    sections: Dictionary[str, list[Entry]] = field(default_factory=dict)
    """The top-level entries of all files, by section."""
    waivers: list[Waiver] = field(default_factory=list)
    doubtful: frozenset[str] = frozenset()
    complete: bool = True
    """Every file could be read."""

    @property
    def faulty(self) -> bool:
        """Whether there is an error among the findings."""
        return any(finding.severity == "error" for finding in self.findings)

    def waived(self, code: str, mark: Mark) -> bool:
        """Whether the rule, template or segment in whose lines a place lies has a code under `waive`."""
        return any(
            code in waiver.codes and waiver.file == mark.file and waiver.first <= mark.line <= waiver.last
            for waiver in self.waivers
        )


def read_playbook(
    files: Dictionary[str, str], zones: frozenset[str] | None = None
) -> tuple[Playbook | None, list[Finding]]:
    """The playbook of these files, None if there is any error; and all findings, sorted.

    `files`: names relative to the playbook's folder → texts. Any file may hold any section. `zones`: the names of time
    zones that exist; None: zone names are not checked. What `rules.check` finds beyond names and types is not among it.
    """
    reading = read(files, zones)
    return None if reading.faulty else reading.playbook, reading.findings


def playbook_hash(files: Dictionary[str, str]) -> str:
    """SHA-256 (hex) of the files' names and texts: any change of a text, a name or the set of files gives another."""
    digest = sha256()
    for name, text in sorted(files.items()):
        for part in (name.encode(errors="surrogatepass"), text.encode(errors="surrogatepass")):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def read(files: Dictionary[str, str], zones: frozenset[str] | None = None, *, defaults: bool = False) -> Reading:
    """Read everything, past every fault; see `read_playbook`. `defaults`: as if no input had been given a value."""
    reader = Reader(zones)
    sections = _sections(reader, files)
    complete = reader.complete
    inputs = _inputs(reader, sections, defaults=defaults)
    nodes = {name: [entry.value for entry in entries] for name, entries in sections.items()}
    workspace, reject = read_catalogue.workspace(reader, sections["workspace"])
    check_currency(reader, inputs)
    catalogue, typed = _catalogue(reader, nodes, reject=reject)
    definitions = read_names.definitions(reader, nodes["lists"], nodes["let"])
    definitions = replace(definitions, inputs=inputs.constants, missing=definitions.missing | inputs.missing)
    segments = read_catalogue.segments(reader, nodes["segments"])
    stages = read_catalogue.lifecycle(reader, sections["lifecycle"])
    pools = read_offers.pools(reader, nodes["coupon_pools"])
    communities = read_offers.communities(reader, nodes["communities"])
    templates = read_offers.templates(reader, nodes["templates"])
    references = References(
        catalogue, catalogue.resolve(), segments, [s.id for s in stages], templates, pools, communities, complete,
        complete and typed,
    )  # fmt: skip
    rules, broken = read_rules.rules(reader, nodes["rules"], references)
    playbook = Playbook(
        workspace=workspace,
        catalogue=catalogue,
        segments=segments,
        stages=stages,
        rules=rules,
        templates=templates,
        pools=pools,
        communities=communities,
        hash=playbook_hash(files),
        definitions=definitions,
    )
    return Reading(
        playbook,
        sorted(reader.findings),
        reader.places,
        broken,
        complete and typed,
        sections,
        reader.waivers,
        _doubtful(reader, catalogue.traits),
        complete,
    )


def _inputs(reader: Reader, sections: dict[str, list[Entry]], *, defaults: bool) -> Inputs:
    """The inputs; their values are put in wherever the other sections name them."""
    if defaults:
        sections["values"] = []
    reader.likely_currency = _likely_currency(sections["workspace"]) or reader.likely_currency
    inputs = read_inputs(reader, [entry.value for entry in sections["inputs"]], sections["values"])
    for name in sections.keys() - {"inputs", "values"}:
        sections[name] = [replace(entry, value=put_in(reader, entry.value, inputs)) for entry in sections[name]]
    return inputs


def _catalogue(reader: Reader, nodes: Dictionary[str, list[Node]], *, reject: bool) -> tuple[Catalogue, bool]:
    """The catalogue, and whether its only faults are those of the properties and traits that are doubtful."""
    before, doubts = reader.errors, reader.doubts
    events, traits = read_catalogue.events(reader, nodes["events"]), read_catalogue.traits(reader, nodes["traits"])
    return Catalogue(events, traits, reject), reader.errors - before == reader.doubts - doubts


def _doubtful(reader: Reader, traits: Dictionary[str, TraitType]) -> frozenset[str]:
    """The names whose types cannot be relied on, those among them that are computed of such ones."""
    out = set(reader.doubtful)
    for _ in traits:
        more = {t.name for t in traits.values() if t.source and t.name not in out and mentions(parse(t.source), out)}
        if not more:
            break
        out |= more
    return frozenset(out)


def _likely_currency(workspaces: list[Entry]) -> str | None:
    """The workspace's currency as it stands in its file, where it is one and not an input."""
    for workspace in workspaces:
        found = workspace.value.entries.get("currency") if isinstance(workspace.value, Mapping) else None
        if found is not None and isinstance(found.value, Scalar) and is_currency(found.value.text):
            return found.value.text
    return None


def _sections(reader: Reader, files: Dictionary[str, str]) -> dict[str, list[Entry]]:
    """The top-level entries of all files, by section, in the order of the file names."""
    sections: dict[str, list[Entry]] = {name: [] for name in _SECTIONS}
    for name, text in sorted(files.items()):
        root, findings = load(text, name)
        for finding in findings:
            reader.add(finding)
        reader.complete &= root is not None or not findings
        for entry in _top(reader, root):
            if entry.key in sections:
                sections[entry.key].append(entry)
            elif entry.key in _LATER:
                not_available(reader, entry.key_mark, entry.key, "warning")
            elif not reader.has_fault_at(entry.key_mark):
                message = say("a playbook has no section {key!r}", key=entry.key)
                hint = allowed(entry.key, _SECTIONS, _OF_THE_WORKSPACE)
                reader.fault(entry.key_mark, "unknown_key", message, hint, length=len(entry.key))
    return sections


def _top(reader: Reader, root: Node | None) -> list[Entry]:
    if root is None or (isinstance(root, Scalar) and root.value is None):
        return []
    if isinstance(root, Mapping):
        return list(root.entries.values())
    reader.wrong_type(
        root, "a file with sections", say("begin with one of {names}", names=", ".join(f"{s}:" for s in _SECTIONS))
    )
    return []
