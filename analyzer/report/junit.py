"""What the gate found, in the XML that CI systems read."""

from __future__ import annotations

from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from analyzer.call import Value
from analyzer.report.words import printable

SUITE = "touchpoint gate"
CLASS = "touchpoint.gate"


class GateCase(Value):
    """One call before the gate: what it was told to fail on, and what kept it from judging."""

    id: str
    failures: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def junit_xml(cases: Iterable[GateCase]) -> str:
    """One test case per call, without host and time of the run, so that equal results give equal bytes."""
    suite = TestSuite(SUITE)
    for case in cases:
        suite.add_testcase(_test_case(case))
    document = JUnitXml(SUITE)
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call]
    return bytes(document.tostring()).decode("utf-8") + "\n"  # type: ignore[no-untyped-call]


def _test_case(case: GateCase) -> TestCase:
    test = TestCase(printable(case.id), classname=CLASS)
    test.result = [
        _result(kind, name, messages)
        for kind, name, messages in ((Failure, "gate", case.failures), (Error, "not judged", case.errors))
        if messages
    ]
    return test


def _result(kind: type[Failure | Error], name: str, messages: tuple[str, ...]) -> Failure | Error:
    # Many CI systems show only the first result of a case: so one result holds all messages.
    lines = [printable(message) for message in messages]
    result = kind("; ".join(lines), name)
    result.text = "\n".join(lines)
    return result
