"""JUnit XML is well formed and says the same, whatever texts a test and its messages hold."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from rules.case_results import CaseResult
from rules.cases import Case, Expected
from rules.verdicts import Clock, Miss
from schemas.findings import Mark
from workers.junit import junit_xml

TEXTS = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\x00", "]]>", "<&\"'>", "\ud800", "\ufffe", "\x1b[31m"]
)


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_it_holds_it_can_be_read(name: str, file: str, message: str) -> None:
    mark = Mark(file, 1, 1)
    expected = Expected(mark=mark)
    case = Case(name=name, mark=mark, start=0, end=0, people=(), steps=(), expected=expected)
    failed = CaseResult(case, Clock(0, "UTC"), (Miss(mark=mark, message=message),), ((message,),))

    root = ET.fromstring(junit_xml([failed, CaseResult(case, Clock(0, "UTC"))], {name: 0.5}))

    (suite,) = root
    assert (root.attrib["tests"], root.attrib["failures"], len(suite)) == ("2", "1", 2)
    if message.isprintable() and name.isprintable():
        assert (suite[0].attrib["name"], suite[0][0].attrib["message"]) == (name, message)
