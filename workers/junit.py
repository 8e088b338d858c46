"""Results of tests as JUnit XML, which every build server reads; well formed whatever texts it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rules.case_results import CaseResult

__all__ = ["junit_xml"]

# What XML 1.0 cannot hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(results: Sequence[CaseResult], seconds: Mapping[str, float]) -> bytes:
    """The document: a suite a file, a case a test. `seconds` each test took, by name."""
    root = Element("testsuites", _totals(results, seconds) | {"name": "touchline test"})
    files: dict[str, list[CaseResult]] = {}
    for result in results:
        files.setdefault(result.case.mark.file, []).append(result)
    for file, cases in files.items():
        suite = SubElement(root, "testsuite", _totals(cases, seconds) | {"name": _clean(file), "errors": "0"})
        for result in cases:
            _case(suite, result, seconds.get(result.case.name, 0.0))
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _totals(results: Sequence[CaseResult], seconds: Mapping[str, float]) -> dict[str, str]:
    failed = sum(not result.passed for result in results)
    taken = sum(seconds.get(result.case.name, 0.0) for result in results)
    return {"tests": str(len(results)), "failures": str(failed), "time": f"{taken:.3f}"}


def _case(suite: Element, result: CaseResult, seconds: float) -> None:
    mark = result.case.mark
    names = {"name": _clean(result.case.name), "classname": _clean(mark.file.removesuffix(".yaml").replace("/", "."))}
    case = SubElement(
        suite, "testcase", names | {"file": _clean(mark.file), "line": str(mark.line), "time": f"{seconds:.3f}"}
    )
    if not result.passed:
        failure = SubElement(case, "failure", {"message": _clean(result.misses[0].message), "type": "expectation"})
        failure.text = _clean("\n".join(result.lines()))


def _clean(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
