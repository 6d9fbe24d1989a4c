"""Cases as data: short calls in YAML, and the calls they stand for.

A turn is `- WHO [ACTS]: words` or `- WHO START-END [ACTS]: words` with WHO `A` (agent), `C` (customer) or `U` (unknown)
and times in seconds. An act is `name`, `name:kind` or `name:kind=confidence`; `about:kind=fit` says of an agent's turn
how well it fits a kind of request, as the model does. Where a case does not say it of a turn, the turn is about what
was stated last; all kinds that were stated and are not named fit badly.

`language` of a case is English unless it is written.

A hit is a case in which the fault is there; every other case must stay silent, and `near` names the hit it just misses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.call import Act, Call, CallInfo, RequestKind, Speaker, Turn
from analyzer.detect.metrics import measure
from analyzer.detect.policy import load_policy
from analyzer.detect.request_ledger import request_ledger
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.detect.rule import Limits, Observed

CASES = Path(__file__).parent / "cases"
WHO: dict[str, Speaker] = {"A": "agent", "C": "customer", "U": "unknown"}
TURN = re.compile(r"(?P<who>[ACU])(?: (?P<start>[\d.]+)-(?P<end>[\d.]+))?(?: \[(?P<acts>[^]]*)\])?")
ACT = re.compile(r"(?P<act>\w+)(?::(?P<kind>\w+))?(?:=(?P<confidence>[\d.]+))?")
Topics = dict[int, dict[RequestKind, float]]
FITS, FITS_NOT = 0.9, 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a file: its call as turns and topics, and what is expected of it."""

    file: str
    name: str
    turns: tuple[Turn, ...]
    topics: Topics
    expect: Any
    near: str | None
    todo: str | None
    language: str

    @property
    def observed(self) -> Observed:
        call = call_of(self.turns, self.language)
        retention = retention_ledger(self.turns, load_policy("house"), self.topics)
        return Observed(
            call=call,
            requests=request_ledger(self.turns, self.topics, [attempt.turn for attempt in retention.attempts]),
            retention=retention,
            metrics=measure(call, Limits()),
            limits=Limits(),
        )


def call_of(turns: Sequence[Turn], language: str | None = "en") -> Call:
    info = CallInfo(id="case", source="case.json", sha256="0" * 64, language=language, duration_ms=None, channels=None)
    return Call(info=info, turns=tuple(turns))


@cache
def cases(file: str) -> tuple[Case, ...]:
    """The cases of one file."""
    written = yaml.safe_load((CASES / f"{file}.yaml").read_text(encoding="utf-8"))
    return tuple(_case(file, case) for case in written)


def params(file: str) -> list[Any]:
    """The same as parameters of a test; a known miss must fail until it is mended."""
    return [
        pytest.param(
            case,
            id=case.name,
            marks=[pytest.mark.xfail(reason=case.todo, strict=True, raises=AssertionError)] if case.todo else [],
        )
        for case in cases(file)
    ]


def _case(file: str, written: Mapping[str, Any]) -> Case:
    assert set(written) <= {"name", "call", "expect", "near", "todo", "language"}, f"{written['name']}: unknown key"
    lines = [next(iter(line.items())) for line in written["call"]]
    turns, topics = [], {}
    for index, (head, text) in enumerate(lines):
        turn, fit = _turn(index, str(head), str(text))
        turns.append(turn)
        if fit:
            topics[index] = fit
    return Case(
        file=file,
        name=written["name"],
        turns=tuple(turns),
        topics=topics_of(turns, topics),
        expect=written["expect"],
        near=written.get("near"),
        todo=written.get("todo"),
        language=written.get("language", "en"),
    )


def topics_of(turns: Sequence[Turn], named: Topics) -> Topics:
    """What the agent's turns are about, for every kind stated before, as the model gives it."""
    topics: Topics = {}
    stated: list[RequestKind] = []
    for turn in turns:
        if turn.speaker == "agent" and stated:
            usual: dict[RequestKind, float] = {} if turn.index in named else {stated[-1]: FITS}
            topics[turn.index] = dict.fromkeys(stated, FITS_NOT) | usual | named.get(turn.index, {})
        for kind in turn.kinds("request", "restate"):
            stated = [*(other for other in stated if other != kind), kind]
    return topics


def _turn(index: int, head: str, text: str) -> tuple[Turn, dict[RequestKind, float]]:
    match = TURN.fullmatch(head)
    assert match, f"not a turn: {head}"
    acts, fit = [], {}
    for item in filter(None, (part.strip() for part in (match["acts"] or "").split(","))):
        held = ACT.fullmatch(item)
        assert held, f"not an act: {item}"
        confidence = float(held["confidence"] or 0.9)
        if held["act"] == "about":
            fit[held["kind"]] = confidence
        else:
            acts.append(Act(act=held["act"], kind=held["kind"], confidence=confidence))
    turn = Turn(
        index=index,
        speaker=WHO[match["who"]],
        start_ms=_ms(match["start"]),
        end_ms=_ms(match["end"]),
        text=text,
        acts=tuple(acts),
    )
    return turn, fit  # type: ignore[return-value]


def _ms(seconds: str | None) -> int | None:
    return None if seconds is None else round(float(seconds) * 1000)
