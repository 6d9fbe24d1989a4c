"""Reports as they come out of the pipeline: severe, without times, with unclear speakers, failed, hostile."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analyzer.call import (
    Act,
    Attempt,
    CallInfo,
    Evidence,
    Finding,
    Metrics,
    Provenance,
    Report,
    Request,
    Retention,
    RuleOutcome,
    Scorecard,
    TouchpointScore,
    Turn,
    Verdict,
    Warning,
)

RULES = (
    "retention-pressure",
    "ignored-intent",
    "silo-friction",
    "process-block",
    "question-bombardment",
    "dead-air",
    "interruption",
    "unannounced-hold",
)

# Speaker (a, c), length in milliseconds, pause after it, words.
SEVERE_LINES: tuple[tuple[str, int, int, str], ...] = tuple(
    tuple(line) for line in json.loads((Path(__file__).parent / "severe_call.json").read_text(encoding="utf-8"))
)
SPEAKER = {"a": "agent", "c": "customer", "u": "unknown"}
ACTS = {1: "request", 4: "reason_probe", 6: "save_offer", 7: "refusal", 15: "request", 25: "carries_out"}
KINDS = {1: "cancel", 15: "refund"}


def timed_turns(lines: Sequence[tuple[str, int, int, str]], start_ms: int = 1300) -> tuple[Turn, ...]:
    turns, clock = [], start_ms
    for index, (speaker, length, pause, text) in enumerate(lines):
        acts = (Act(act=ACTS[index], kind=KINDS.get(index), confidence=0.93),) if index in ACTS else ()  # type: ignore[arg-type]
        turns.append(
            Turn(index=index, speaker=SPEAKER[speaker], start_ms=clock, end_ms=clock + length, text=text, acts=acts)  # type: ignore[arg-type]
        )
        clock += length + pause
    return tuple(turns)


def untimed_turns(*lines: tuple[str, str]) -> tuple[Turn, ...]:
    return tuple(
        Turn(index=index, speaker=SPEAKER[speaker], start_ms=None, end_ms=None, text=text)  # type: ignore[arg-type]
        for index, (speaker, text) in enumerate(lines)
    )


def call_info(**changes: Any) -> CallInfo:
    base: dict[str, Any] = {
        "id": "2024-03-18-dana-0417",
        "source": "2024-03-18-dana-0417.wav",
        "sha256": "5f" * 32,
        "language": "en",
        "duration_ms": None,
        "channels": 2,
        "agent": "Dana",
        "customer_tier": "standard",
    }
    return CallInfo(**(base | changes))


def metrics(turns: Sequence[Turn], *, timed: bool) -> Metrics:
    if not timed:
        return Metrics(
            turns=len(turns),
            talk_share_agent=0.58,
            interruptions=None,
            dead_air_ms=None,
            longest_silence_ms=None,
            longest_monologue_ms=None,
            questions_per_minute=None,
            words_per_minute_agent=None,
            words_per_minute_customer=None,
        )
    return Metrics(
        turns=len(turns),
        talk_share_agent=0.634,
        interruptions=2,
        dead_air_ms=11400,
        longest_silence_ms=9400,
        longest_monologue_ms=11600,
        questions_per_minute=2.41,
        words_per_minute_agent=168.2,
        words_per_minute_customer=141.0,
    )


PROVENANCE = Provenance(
    touchpoint="0.1.0",
    engine="faster-whisper",
    model="base",
    model_sha256="d0" * 32,
    encoder="multilingual-e5-small",
    heads="heads-1",
    config_sha256="ab" * 32,
)
PROVENANCE_TEXT = PROVENANCE.model_copy(update={"engine": None, "model": None, "model_sha256": None})


def evidence(turns: Sequence[Turn], role: str, *indexes: int) -> tuple[Evidence, ...]:
    return tuple(Evidence.of(turns[index], role) for index in indexes)


def mark(criterion: str, verdict: str, reason: str, items: tuple[Evidence, ...] = (), **changes: Any) -> Verdict:
    base = {"confidence": 0.94, "weight": 1.0, "critical": False} | changes
    return Verdict(id=criterion, verdict=verdict, reason=reason, evidence=items, **base)  # type: ignore[arg-type]


def outcomes(**status: tuple[str, str]) -> tuple[RuleOutcome, ...]:
    named = {name.replace("_", "-"): value for name, value in status.items()}
    return tuple(
        RuleOutcome(rule=rule, status=named[rule][0], reason=named[rule][1])  # type: ignore[arg-type]
        if rule in named
        else RuleOutcome(rule=rule, status="ok")
        for rule in RULES
    )


def severe_findings(turns: tuple[Turn, ...]) -> tuple[Finding, ...]:
    gap = Evidence(
        turn=16,
        start_ms=turns[16].end_ms,
        end_ms=turns[17].start_ms,
        speaker="agent",
        quote="One moment please.",
        role="silence",
    )
    return (
        Finding(
            rule="dead-air",
            severity="minor",
            confidence=1.0,
            cause="unclear",
            message="9.4 seconds of silence after 'One moment please.'",
            evidence=(gap,),
            facts={"gap_ms": 9400},
        ),
        Finding(
            rule="retention-pressure",
            severity="critical",
            confidence=0.97,
            cause="agent",
            message="Seven attempts to keep the customer after the first no, among them guilt and a threat.",
            evidence=evidence(turns, "attempt", 8, 10, 12, 14, 17, 21, 23),
            facts={"attempts": 9, "attempts_after_refusal": 7, "moves": ["reason_probe", "guilt"], "limit": {"max": 1}},
        ),
        Finding(
            rule="ignored-intent",
            severity="major",
            confidence=0.81,
            cause="agent",
            message="The customer asked three times for a refund and never got an answer.",
            evidence=evidence(turns, "stated", 15, 20, 27),
            facts={"kind": "refund", "stated": 3},
        ),
        Finding(
            rule="process-block",
            severity="minor",
            confidence=0.58,
            cause="process",
            message="The agent put the obstacle down to the system.",
            evidence=evidence(turns, "block", 19),
        ),
    )


def severe_card(turns: tuple[Turn, ...]) -> Scorecard:
    opening = (
        mark("greeting", "met", "The opening greets and gives a name.", evidence(turns, "greets", 0)),
        mark(
            "heard_first", "met", "The wish is taken up in the next turn.", evidence(turns, "takes up", 2), weight=2.0
        ),
    )
    middle = (
        mark(
            "retention_limit",
            "not_met",
            "Seven attempts after the first no; the limit is one.",
            evidence(turns, "attempt", 8, 23),
            weight=3.0,
            critical=True,
            confidence=0.97,
            name="Stops at the first no",
        ),
        mark("empathy", "not_met", "Frustration is voiced twice and never met.", evidence(turns, "frustration", 18)),
    )
    close = (
        mark("next_step", "met", "End date and letter are named.", evidence(turns, "next step", 26)),
        mark("farewell", "met", "A polite close.", evidence(turns, "close", 30), source="human", confidence=1.0),
        mark("survey", "not_applicable", "No survey was due."),
    )
    return Scorecard(
        rubric="service",
        title="Calls about leaving",
        score=42.86,
        passed=False,
        critical_failed=("retention_limit",),
        touchpoints=(
            TouchpointScore(
                id="opening", name="Opening", excellence="The caller is known by name.", score=100.0, criteria=opening
            ),
            TouchpointScore(id="request", name="Dealing with the request", score=0.0, criteria=middle),
            TouchpointScore(id="close", name="Close", score=100.0, criteria=close),
        ),
    )


def make_severe() -> Report:
    """A retention call of 31 turns with times."""
    turns = timed_turns(SEVERE_LINES)
    moves: dict[int, tuple[str, ...]] = {
        4: ("reason_probe",),
        6: ("save_offer", "persuasion"),
        8: ("reason_probe", "persuasion"),
        10: ("reason_probe",),
        12: ("save_offer",),
        14: ("guilt", "persuasion"),
        17: ("save_offer",),
        21: ("guilt", "obstruction"),
        23: ("threat",),
    }
    retention = Retention(
        policy="default",
        first_clear_cancel=1,
        refusals=(7, 9, 13, 18, 22),
        attempts=tuple(Attempt(turn=turn, moves=held) for turn, held in moves.items()),  # type: ignore[arg-type]
        attempts_after_refusal=(8, 10, 12, 14, 17, 21, 23),
        honoured=25,
        seconds_to_honour=139.4,
        severity="severe",
        limits_broken=("max_attempts_after_refusal", "forbidden_moves"),
    )
    requests = (
        Request(
            kind="cancel",
            stated=(1, 5, 7, 9, 13, 18, 22),
            outcome="resolved",
            acknowledged=25,
            questions_before_acknowledgement=4,
            evidence=evidence(turns, "stated", 1),
        ),
        Request(
            kind="refund",
            stated=(15, 20, 27),
            outcome="acknowledged",
            acknowledged=28,
            questions_before_acknowledgement=0,
            evidence=evidence(turns, "stated", 15, 20, 27),
        ),
        Request(
            kind="supervisor",
            stated=(24,),
            outcome="declined",
            acknowledged=25,
            questions_before_acknowledgement=0,
            evidence=evidence(turns, "stated", 24),
        ),
    )
    return Report(
        call=call_info(duration_ms=turns[-1].end_ms),
        turns=turns,
        requests=requests,
        retention=retention,
        findings=severe_findings(turns),
        rules=outcomes(),
        scorecard=severe_card(turns),
        metrics=metrics(turns, timed=True),
        provenance=PROVENANCE,
    )


def make_untimed() -> Report:
    """A German transcript without times: rules that need them are skipped."""
    turns = untimed_turns(
        ("a", "Guten Tag, Nordlicht Energie, mein Name ist Aydın. Was kann ich für Sie tun?"),
        ("c", "Grüß Gott, ich brauche eine Bestätigung für das Amt, dass ich bei Ihnen gemeldet bin."),
        ("a", "Haben Sie schon unseren neuen Ökostrom-Tarif gesehen?"),
        ("c", "Nein, ich brauche nur die Bestätigung."),
        ("a", "Der ist gerade im Angebot, da sparen Sie zwölf Euro im Monat."),
        ("c", "Also schicken Sie mir die nun oder nicht?"),
        ("a", "Ich wünsche Ihnen noch einen schönen Tag."),
    )
    request = Request(
        kind="written_confirmation",
        stated=(1, 3, 5),
        outcome="ignored",
        acknowledged=None,
        questions_before_acknowledgement=1,
        evidence=evidence(turns, "stated", 1, 3, 5),
    )
    finding = Finding(
        rule="ignored-intent",
        severity="major",
        confidence=0.9,
        cause="agent",
        message="Asked three times for a confirmation; a tariff was offered instead.",
        evidence=evidence(turns, "stated", 1, 3, 5),
    )
    no_times = ("skipped", "the transcript has no times")
    card = Scorecard(
        rubric="service",
        score=50.0,
        passed=False,
        touchpoints=(
            TouchpointScore(
                id="opening",
                name="Opening",
                score=50.0,
                criteria=(
                    mark("greeting", "met", "Greeting and name.", evidence(turns, "greets", 0)),
                    mark("heard_first", "not_met", "The request is passed over.", evidence(turns, "passes over", 2)),
                ),
            ),
        ),
    )
    return Report(
        call=call_info(id="de-bestaetigung", source="de-bestaetigung.json", language="de", channels=None, agent=None),
        turns=turns,
        requests=(request,),
        retention=Retention(policy="default", first_clear_cancel=None),
        findings=(finding,),
        rules=outcomes(dead_air=no_times, interruption=no_times, unannounced_hold=no_times),
        scorecard=card,
        metrics=metrics(turns, timed=False),
        provenance=PROVENANCE_TEXT,
    )


def make_mono() -> Report:
    """One channel on which nobody is told apart: nothing is guessed."""
    turns = timed_turns([("u", length, pause, text) for _, length, pause, text in SEVERE_LINES[:12]])
    why = ("skipped", "agent and customer could not be told apart")
    names = ("retention_pressure", "ignored_intent", "silo_friction", "process_block", "question_bombardment")
    marks = tuple(
        mark(name, "cannot_judge", "It is not clear who is the agent.", confidence=0.0)
        for name in ("greeting", "heard_first", "empathy", "next_step", "farewell")
    )
    gap = Finding(
        rule="long-pause-custom",
        severity="info",
        confidence=0.7,
        cause="unclear",
        message="A rule of one's own.",
        evidence=evidence(turns, "pause", 3),
    )
    return Report(
        call=call_info(
            id="mono-0007", source="mono-0007.mp3", channels=1, agent=None, language=None, duration_ms=70000
        ),
        warnings=(
            Warning(code="speakers-unclear", message="Agent and customer could not be told apart on this recording."),
        ),
        turns=turns,
        requests=(),
        retention=None,
        findings=(gap,),
        rules=outcomes(**dict.fromkeys(names, why)),
        scorecard=Scorecard(
            rubric="service",
            score=None,
            passed=None,
            touchpoints=(TouchpointScore(id="all", name="Service", score=None, criteria=marks),),
        ),
        metrics=metrics(turns, timed=True).model_copy(update={"talk_share_agent": None}),
        provenance=PROVENANCE,
    )


def make_failed_rule() -> Report:
    """A good call, but one rule broke down."""
    turns = timed_turns(SEVERE_LINES[:4])
    return Report(
        call=call_info(id="calm-0001", source="calm-0001.wav", duration_ms=turns[-1].end_ms),
        turns=turns,
        requests=(),
        retention=Retention(policy="default", first_clear_cancel=None),
        findings=(),
        rules=outcomes(silo_friction=("failed", "ZeroDivisionError: division by zero")),
        scorecard=Scorecard(rubric="service", score=100.0, passed=True),
        metrics=metrics(turns, timed=True),
        provenance=PROVENANCE,
    )


HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)> ' onmouseover='alert(3)",
    "<!-- <script> ]]> {{ 7 * 7 }} {% raw %} \u202egnirts\u202c שלום \u2028 [bold red]x[/] \x1b[31mred\x1b[0m\x07",
    '=HYPERLINK("http://example.org";"x")',
)


def make_hostile() -> Report:
    """Every text field holds what could break out of its place."""
    bad = " ".join(HOSTILE)
    turns = timed_turns([("a", 2000, 100, bad), ("c", 2000, 100, HOSTILE[0]), ("a", 2000, 0, HOSTILE[3])])
    missed = mark(bad, "not_met", bad, evidence(turns, bad, 1), critical=True, name=bad)
    return Report(
        call=call_info(
            id="=1+1</title><script>alert(4)</script>",
            source='-2+3"><b>.wav',
            agent="@SUM(A1)<i>",
            customer_tier=bad,
            language='en" onload="alert(5)',
            duration_ms=6200,
            recorded_at="\t=cmd",
        ),
        warnings=(Warning(code="<b>", message=bad),),
        turns=turns,
        requests=(
            Request(
                kind="other",
                stated=(1,),
                outcome="ignored",
                acknowledged=None,
                questions_before_acknowledgement=0,
                evidence=evidence(turns, bad, 1),
            ),
        ),
        retention=Retention(
            policy=bad,
            first_clear_cancel=1,
            attempts=(Attempt(turn=2, moves=("threat",)),),
            limits_broken=(bad,),
            severity="mild",
        ),
        findings=(
            Finding(
                rule="</style><script>",
                severity="critical",
                confidence=0.5,
                cause="unclear",
                message=bad,
                evidence=(
                    *evidence(turns, bad, 0, 1),
                    Evidence(turn=99, start_ms=5, end_ms=5, speaker="agent", quote=bad, role=bad),
                ),
                facts={bad: bad, "list": [bad, None, True, 1.5], "nested": {bad: bad}},
            ),
        ),
        rules=(RuleOutcome(rule=bad, status="failed", reason=bad), RuleOutcome(rule="<u>", status="ok")),
        scorecard=Scorecard(
            rubric=bad,
            title=bad,
            score=1.0,
            passed=False,
            critical_failed=(bad,),
            touchpoints=(TouchpointScore(id=bad, name=bad, excellence=bad, score=0.0, criteria=(missed,)),),
        ),
        metrics=metrics(turns, timed=True),
        provenance=PROVENANCE.model_copy(update={"model": bad, "encoder": bad}),
    )


def make_long() -> Report:
    """An hour with 620 turns."""
    lines = [SEVERE_LINES[place % len(SEVERE_LINES)] for place in range(620)]
    turns = timed_turns(lines)
    return make_severe().model_copy(
        update={"turns": turns, "call": call_info(id="long-0009", duration_ms=(turns[-1].end_ms or 0) + 5000)}
    )


def make_empty() -> Report:
    """A recording in which nobody speaks."""
    return make_failed_rule().model_copy(
        update={
            "turns": (),
            "call": call_info(id="silent-0003", duration_ms=0, language=None),
            "scorecard": Scorecard(rubric="service", score=None, passed=None),
        }
    )


MAKERS = {
    "severe": make_severe,
    "untimed": make_untimed,
    "mono": make_mono,
    "failed_rule": make_failed_rule,
    "hostile": make_hostile,
    "long": make_long,
    "empty": make_empty,
}


@pytest.fixture(scope="session")
def reports() -> dict[str, Report]:
    return {name: make() for name, make in MAKERS.items()}


@pytest.fixture(params=sorted(MAKERS))
def report(request: pytest.FixtureRequest) -> Report:
    return MAKERS[request.param]()


@pytest.fixture
def severe() -> Report:
    return make_severe()


@pytest.fixture
def hostile() -> Report:
    return make_hostile()
