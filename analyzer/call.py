"""The domain: what a call is, and what is said about it. Frozen values, checked when they are built.

Times are integer milliseconds from the start of the recording, spans are half-open `[start_ms, end_ms)`.
The names of `Report` and everything below it are the published contract `touchpoint/1`.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

SCHEMA = "touchpoint/1"

Speaker = Literal["agent", "customer", "unknown"]
RequestKind = Literal[
    "cancel", "change_plan", "billing", "refund", "fault", "complaint", "information", "delivery",
    "account_change", "supervisor", "appointment", "written_confirmation", "data_protection", "other",
]  # fmt: skip
Outcome = Literal["resolved", "committed", "handed_over", "declined", "withdrawn", "acknowledged", "ignored"]
Move = Literal["reason_probe", "save_offer", "persuasion", "guilt", "threat", "obstruction"]
PressureSeverity = Literal["none", "mild", "severe"]
FindingSeverity = Literal["info", "minor", "major", "critical"]
Cause = Literal["agent", "process", "unclear"]
VerdictName = Literal["met", "not_met", "not_applicable", "cannot_judge"]
RuleStatus = Literal["ok", "skipped", "failed"]

Milliseconds = Annotated[int, Field(ge=0)]
TurnIndex = Annotated[int, Field(ge=0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


def whole(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as in a file name that is not UTF-8, becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Value(BaseModel):
    """Base of all domain values: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Value):
    """Half-open stretch of time."""

    start_ms: Milliseconds
    end_ms: Milliseconds

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end_ms < self.start_ms:
            raise ValueError(f"a span ends before it starts: {self.start_ms}..{self.end_ms}")
        return self

    @property
    def length_ms(self) -> int:
        return self.end_ms - self.start_ms


class Word(Span):
    """One recognised word of one channel."""

    text: str
    probability: Probability
    channel: int = Field(ge=0)


class Act(Value):
    """A dialogue act that holds in a turn; `kind` names the intent of a request or restatement."""

    act: str
    kind: RequestKind | None = None
    confidence: Probability


class Turn(Value):
    """What one person says before the other speaks. Times are null in transcripts without them."""

    index: TurnIndex
    speaker: Speaker
    start_ms: Milliseconds | None
    end_ms: Milliseconds | None
    text: str
    acts: tuple[Act, ...] = ()

    @model_validator(mode="after")
    def _times(self) -> Self:
        if (self.start_ms is None) != (self.end_ms is None):
            raise ValueError(f"turn {self.index} has only one of start_ms and end_ms")
        if self.start_ms is not None and self.end_ms is not None and self.end_ms < self.start_ms:
            raise ValueError(f"turn {self.index} ends before it starts")
        return self

    def has(self, *acts: str) -> bool:
        for held in self.acts:  # noqa: SIM110 -- asked thousands of times a call; a generator takes thrice as long
            if held.act in acts:
                return True
        return False

    def confidence(self, *acts: str) -> float:
        """Highest confidence among the named acts, 0.0 where none holds."""
        return max((held.confidence for held in self.acts if held.act in acts), default=0.0)

    def kinds(self, *acts: str) -> tuple[RequestKind, ...]:
        return tuple(dict.fromkeys(held.kind for held in self.acts if held.act in acts and held.kind))


class CallInfo(Value):
    """Where a call comes from. `source` is the file's name, never its folder."""

    id: str
    source: str
    sha256: str
    language: str | None
    duration_ms: Milliseconds | None
    channels: int | None
    agent: str | None = None
    customer_tier: str | None = None
    recorded_at: str | None = None


class Warning(Value):
    """Something the reader of the report must know about the input or the run."""

    code: str
    message: str


class Call(Value):
    """A call as the detectors see it: who it was, and its turns in order."""

    info: CallInfo
    turns: tuple[Turn, ...]
    warnings: tuple[Warning, ...] = ()

    @property
    def has_times(self) -> bool:
        return bool(self.turns) and all(turn.start_ms is not None for turn in self.turns)

    @property
    def knows_speakers(self) -> bool:
        """Whether both an agent and a customer are told apart."""
        return {"agent", "customer"} <= {turn.speaker for turn in self.turns}


class Evidence(Value):
    """A moment one can click and hear: a turn, its span, the words copied from it, and what they show."""

    turn: TurnIndex
    start_ms: Milliseconds | None
    end_ms: Milliseconds | None
    speaker: Speaker
    quote: str = Field(min_length=1)
    role: str

    @classmethod
    def of(cls, turn: Turn, role: str) -> Self:
        """Evidence that is one whole turn."""
        return cls(
            turn=turn.index,
            start_ms=turn.start_ms,
            end_ms=turn.end_ms,
            speaker=turn.speaker,
            quote=turn.text,
            role=role,
        )


class Finding(Value):
    """A fault found by one rule. There is none without evidence."""

    rule: str
    severity: FindingSeverity
    confidence: Probability
    cause: Cause
    message: str
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    facts: dict[str, JsonValue] = {}


class RuleOutcome(Value):
    """Whether a rule ran: 'found nothing' is not 'did not run'."""

    rule: str
    status: RuleStatus
    reason: str | None = None


class Request(Value):
    """One line of the request ledger (definitions, section 1)."""

    kind: RequestKind
    stated: tuple[TurnIndex, ...] = Field(min_length=1)
    outcome: Outcome
    acknowledged: TurnIndex | None
    questions_before_acknowledgement: int = Field(ge=0)
    evidence: tuple[Evidence, ...] = Field(min_length=1)

    @property
    def is_ignored(self) -> bool:
        return self.outcome == "ignored" or (self.outcome == "acknowledged" and len(self.stated) >= 3)


class Attempt(Value):
    """An agent turn that holds at least one retention move."""

    turn: TurnIndex
    moves: tuple[Move, ...] = Field(min_length=1)


class Retention(Value):
    """The retention ledger (definitions, section 2)."""

    policy: str
    first_clear_cancel: TurnIndex | None
    refusals: tuple[TurnIndex, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    attempts_after_refusal: tuple[TurnIndex, ...] = ()
    honoured: TurnIndex | None = None
    seconds_to_honour: float | None = None
    severity: PressureSeverity = "none"
    limits_broken: tuple[str, ...] = ()


class Verdict(Value):
    """The judgement of one criterion. `name` is in the rubric's words, empty in older reports."""

    id: str
    name: str = ""
    verdict: VerdictName
    source: Literal["machine", "human"] = "machine"
    confidence: Probability
    weight: float = Field(ge=0)
    critical: bool
    reason: str
    evidence: tuple[Evidence, ...] = ()


class TouchpointScore(Value):
    """Score of one touchpoint: 0..100, null where nothing could be scored. `excellence` is in the rubric's words."""

    id: str
    name: str
    excellence: str = ""
    score: float | None
    criteria: tuple[Verdict, ...]


class Scorecard(Value):
    """A rubric's marks for one call."""

    rubric: str
    title: str = ""
    score: float | None = Field(ge=0, le=100)
    passed: bool | None
    critical_failed: tuple[str, ...] = ()
    touchpoints: tuple[TouchpointScore, ...] = ()


class Metrics(Value):
    """Figures of the conversation; null where the input does not carry them."""

    turns: int
    talk_share_agent: Probability | None
    interruptions: int | None
    dead_air_ms: Milliseconds | None
    longest_silence_ms: Milliseconds | None
    longest_monologue_ms: Milliseconds | None
    questions_per_minute: float | None
    words_per_minute_agent: float | None
    words_per_minute_customer: float | None


class Provenance(Value):
    """What made the report. No time stamps: the same input and version give the same bytes."""

    touchpoint: str
    engine: str | None
    model: str | None
    model_sha256: str | None
    encoder: str
    heads: str
    config_sha256: str


class Report(Value):
    """Everything said about one call: the JSON contract `touchpoint/1`."""

    schema_: Literal["touchpoint/1"] = Field(default="touchpoint/1", alias="schema")
    call: CallInfo
    warnings: tuple[Warning, ...] = ()
    turns: tuple[Turn, ...]
    requests: tuple[Request, ...]
    retention: Retention | None
    findings: tuple[Finding, ...]
    rules: tuple[RuleOutcome, ...]
    scorecard: Scorecard
    metrics: Metrics
    provenance: Provenance

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
