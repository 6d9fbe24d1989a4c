"""What a run says about each of its inputs: one row per call, one failure per input that could not be judged."""

from __future__ import annotations

import hashlib
import re
from typing import Self
from urllib.parse import quote

from analyzer.call import FindingSeverity, PressureSeverity, Report, Value, whole
from analyzer.errors import TouchpointError
from analyzer.report.words import printable

SEVERITY_ORDER: tuple[FindingSeverity, ...] = ("critical", "major", "minor", "info")
PRESSURE_ORDER: tuple[PressureSeverity, ...] = ("severe", "mild", "none")
MAX_STEM = 120
MAX_STEM_BYTES = 190  # with the mark of what was cut and an ending, well under the 255 that file systems allow


def file_stem(call_id: str) -> str:
    """File name of a call without its ending: the id, made safe and kept distinct where a name cannot hold it."""
    safe = re.sub(r"[^\w.\-]", "_", call_id)[:MAX_STEM]
    safe = safe.encode("utf-8")[:MAX_STEM_BYTES].decode("utf-8", "ignore").strip(".")
    if safe and safe == call_id:
        return call_id
    return f"{safe or 'call'}-{hashlib.sha256(whole(call_id).encode('utf-8')).hexdigest()[:8]}"


class SeverityCounts(Value):
    """How many findings of each severity a call has."""

    critical: int = 0
    major: int = 0
    minor: int = 0
    info: int = 0

    @classmethod
    def of(cls, report: Report) -> Self:
        severities = [finding.severity for finding in report.findings]
        return cls(**{severity: severities.count(severity) for severity in SEVERITY_ORDER})

    @property
    def total(self) -> int:
        return self.critical + self.major + self.minor + self.info


class RunRow(Value):
    """One analysed call of a run.

    `pressure` is null where retention was not judged, `requests` and `ignored_requests` where requests were not.
    """

    id: str
    source: str
    language: str | None
    duration_ms: int | None
    channels: int | None
    agent: str | None
    customer_tier: str | None
    recorded_at: str | None
    score: float | None
    passed: bool | None
    critical_failed: tuple[str, ...]
    pressure: PressureSeverity | None
    asked_to_cancel: bool | None
    attempts: int | None
    attempts_after_refusal: int | None
    seconds_to_honour: float | None
    requests: int | None
    ignored_requests: int | None
    findings: SeverityCounts
    rules_found: tuple[str, ...]
    rules_ok: tuple[str, ...]
    rules_failed: tuple[str, ...]
    rules_skipped: tuple[str, ...]
    warnings: tuple[str, ...]
    page: str

    @classmethod
    def of(cls, report: Report) -> Self:
        call, card, retention = report.call, report.scorecard, report.retention
        requests = report.requests if "ignored-intent" in _rules(report, "ok") else None
        return cls(
            id=call.id,
            source=call.source,
            language=call.language,
            duration_ms=call.duration_ms,
            channels=call.channels,
            agent=call.agent,
            customer_tier=call.customer_tier,
            recorded_at=call.recorded_at,
            score=card.score,
            passed=card.passed,
            critical_failed=card.critical_failed,
            pressure=retention.severity if retention else None,
            asked_to_cancel=retention.first_clear_cancel is not None if retention else None,
            attempts=len(retention.attempts) if retention else None,
            attempts_after_refusal=len(retention.attempts_after_refusal) if retention else None,
            seconds_to_honour=retention.seconds_to_honour if retention else None,
            requests=None if requests is None else len(requests),
            ignored_requests=None if requests is None else sum(request.is_ignored for request in requests),
            findings=SeverityCounts.of(report),
            rules_found=tuple(dict.fromkeys(finding.rule for finding in report.findings)),
            rules_ok=_rules(report, "ok"),
            rules_failed=_rules(report, "failed"),
            rules_skipped=_rules(report, "skipped"),
            warnings=tuple(warning.code for warning in report.warnings),
            page=f"{file_stem(call.id)}.html",
        )

    @property
    def link(self) -> str:
        """The page's address, relative to the index."""
        return quote(self.page)

    @property
    def attention(self) -> tuple[float, ...]:
        """Sort key that puts the calls first that a coach should hear first."""
        pressure = PRESSURE_ORDER.index(self.pressure) if self.pressure else len(PRESSURE_ORDER)
        score = 101.0 if self.score is None else self.score
        counts = self.findings
        ignored = self.ignored_requests or 0
        return (self.passed is not False, pressure, -ignored, -counts.critical, -counts.major, score)


class RunFailure(Value):
    """An input that could not be judged; the message says why and what to do, and does not repeat the input."""

    input: str
    code: str
    message: str

    @classmethod
    def of(cls, error: TouchpointError, named: str | None = None) -> Self:
        message = " ".join(part for part in (error.fault, error.next_step) if part)
        return cls(input=printable(named or error.path or ""), code=error.code, message=printable(message))


def _rules(report: Report, status: str) -> tuple[str, ...]:
    return tuple(outcome.rule for outcome in report.rules if outcome.status == status)
