"""The one place where the stages meet: from a recording or transcript to its report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer import __version__
from analyzer.audio.activity import speech_spans
from analyzer.audio.levels import channel_warnings, is_silent
from analyzer.audio.recording import Recording, read_recording
from analyzer.call import Call, CallInfo, Provenance, Report, Request, RequestKind, Retention, Turn, Warning
from analyzer.config import Options
from analyzer.detect.metrics import measure
from analyzer.detect.request_ledger import request_ledger
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.detect.rule import Ledger, Need, Observed
from analyzer.detect.rules import RULES, describe, lacking, lacks, run_rules
from analyzer.errors import ConfigError, InputError
from analyzer.inputs import Input
from analyzer.score.judging import Judged
from analyzer.score.scorecard import score_call
from analyzer.speakers.roles import Roles, decide, given
from analyzer.speakers.turns import merge_turns, split_turns
from analyzer.transcribe import cache
from analyzer.transcribe.engine import DEFAULT_ENGINE, Engine, load_engine
from analyzer.transcribe.native import read_transcript
from analyzer.transcribe.transcript import SURE, Transcript, transcribe
from analyzer.understand.model import ActModel, act_model
from analyzer.understand.stored import agent_log_odds, understand

SURE_ROLES = 0.95  # log odds of about 3, where 2 are needed to name the agent at all
Sound = NDArray[np.float32]
LEDGER_NEEDS: frozenset[Need] = frozenset({"speakers", "language"})


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report, and the sound it is about: float32 (channels, samples) at 16 kHz, null for transcripts."""

    report: Report
    samples: Sound | None


def analyze(
    source: Input, options: Options, call_id: str | None = None, on_sound: Callable[[Sound], object] | None = None
) -> Analysis:
    """Analyse one input. InputError, ModelError or ConfigError when it cannot be done.

    `on_sound` gets the samples as soon as a recording is read, for what can be done with them meanwhile.
    """
    if source.form == "transcript":
        call = _in_language(read_transcript(source.path), options)
        return Analysis(judge_call(_renamed(call, call_id), options), None)
    recording = read_recording(source.path, max_minutes=options.max_minutes)
    if on_sound is not None:
        on_sound(recording.samples)
    engine = load_engine(DEFAULT_ENGINE if options.engine == "auto" else options.engine, options.model)
    call = _renamed(hear(recording, engine, options), call_id)
    return Analysis(judge_call(call, options, engine), recording.samples)


@contextmanager
def _meanwhile(load: Callable[[], object]) -> Iterator[None]:
    """Load what is needed later while something else is done; a fault of it is raised where it is needed."""
    with ThreadPoolExecutor(max_workers=1) as worker:
        worker.submit(load)
        yield


def _renamed(call: Call, call_id: str | None) -> Call:
    return call.model_copy(update={"info": call.info.model_copy(update={"id": call_id})}) if call_id else call


def _in_language(call: Call, options: Options) -> Call:
    """A forced language goes before the one that stands in a transcript."""
    if options.language == "auto":
        return call
    return call.model_copy(update={"info": call.info.model_copy(update={"language": options.language})})


def hear(recording: Recording, engine: Engine, options: Options) -> Call:
    """From sound to turns: recognition, then who spoke."""
    warnings = [*recording.warnings, *channel_warnings(recording)]
    mixed = any(warning.code == "dual-mono" for warning in warnings)
    channels = recording.samples[:1] if mixed else recording.samples
    if len(channels) == 1 and options.agent_channel != "auto":
        raise _no_agent_channel(mixed)
    transcript = _transcript(recording, channels, engine, options)
    if not transcript.words:
        raise InputError(
            "no speech was recognised in this recording.",
            path=recording.path,
            next_step="Listen to it; if people speak in it, try --model with a larger model.",
        )
    warnings += _language_warnings(transcript, options)
    turns, more = _turns(transcript, len(channels), options)
    info = CallInfo(
        id=recording.path.stem,
        source=recording.path.name,
        sha256=recording.sha256,
        language=transcript.language,
        duration_ms=recording.duration_ms,
        channels=recording.channels,
    )
    return Call(info=info, turns=turns, warnings=(*warnings, *more))


def _transcript(recording: Recording, channels: NDArray[np.float32], engine: Engine, options: Options) -> Transcript:
    language = None if options.language == "auto" else options.language
    path = cache.path_for(engine, recording.sha256, {"language": language, "languages": options.languages})
    stored = cache.load(path) if options.use_cache else None
    if stored is not None:
        return stored
    speech = [() if is_silent(channel) else speech_spans(channel) for channel in channels]
    with _meanwhile(lambda: act_model().load()):
        transcript = transcribe(engine, channels, speech, language, options.languages)
    if options.use_cache:
        cache.save(path, transcript)
    return transcript


def _no_agent_channel(mixed: bool) -> ConfigError:
    why = "both channels of this recording carry the same sound" if mixed else "this recording has one channel"
    return ConfigError(f"{why}, so no channel can be the agent's.", next_step="Leave --agent-channel out for it.")


def _language_warnings(transcript: Transcript, options: Options) -> Iterator[Warning]:
    language = transcript.language
    if language not in options.languages:
        judged = " and ".join(options.languages)
        message = f"The language is {language}; only {judged} can be judged. The words are here all the same."
        yield Warning(code="language", message=message)
    if transcript.language_confidence < SURE:
        sure = f"{transcript.language_confidence:.2f}"
        message = f"The language was taken for {language}, which is not sure ({sure}). Name it with --language."
        yield Warning(code="language-unsure", message=message)


def _turns(transcript: Transcript, channels: int, options: Options) -> tuple[tuple[Turn, ...], tuple[Warning, ...]]:
    """Turns with speakers as far as they are told apart, and what the reader must know about that."""
    heard = {word.channel for word in transcript.words}
    if channels == 1 or (len(heard) == 1 and options.agent_channel == "auto"):
        message = "All that was heard is on one channel, so agent and customer are not told apart."
        return split_turns(transcript.words), (Warning(code="one-channel", message=message),)
    roles = _roles(transcript, options)
    turns = merge_turns(transcript.words, roles.speakers)
    if "unknown" in roles.speakers.values():
        message = "Who is the agent could not be told from what is said. Name the channel with --agent-channel 0 or 1."
        return turns, (Warning(code="roles", message=message),)
    if roles.confidence < SURE_ROLES:
        sure = f"{roles.confidence:.2f}"
        message = (
            f"Who is the agent was told by little ({sure}). If it is wrong, name the channel with --agent-channel."
        )
        return turns, (Warning(code="roles-unsure", message=message),)
    return turns, ()


def _roles(transcript: Transcript, options: Options) -> Roles:
    if options.agent_channel != "auto":
        return given(int(options.agent_channel), 2)
    unnamed = merge_turns(transcript.words, {0: "agent", 1: "customer"})  # names stand for channels here
    odds = agent_log_odds(act_model(), [turn.text for turn in unnamed], use_cache=options.use_cache)
    sides: Mapping[int, list[float]] = {0: [], 1: []}
    for turn, value in zip(unnamed, odds, strict=True):
        sides[0 if turn.speaker == "agent" else 1].append(value)
    return decide(sides)


def judge_call(call: Call, options: Options, engine: Engine | None = None) -> Report:
    """From turns to the report: acts, ledgers, findings, scorecard."""
    model = act_model()
    missing = lacking(call, model.languages)
    understood = understand(model, call.turns, call.info.language or "", use_cache=options.use_cache)
    call = call.model_copy(update={"turns": understood.turns})
    observed = _observe(call, understood.topics, missing, options)
    reasons = lacks(call, model.languages)
    findings, rules = run_rules(observed, missing, RULES, reasons)
    blind = "; ".join(reasons[need] for need in ("speakers", "language") if need in missing)
    return Report(
        call=call.info,
        warnings=call.warnings,
        turns=call.turns,
        requests=observed.requests or (),
        retention=observed.retention,
        findings=findings,
        rules=rules,
        scorecard=score_call(options.rubric, Judged(call, observed.requests, findings, rules, blind or None)),
        metrics=observed.metrics,
        provenance=_provenance(options, engine, model),
    )


def _observe(
    call: Call, topics: Mapping[int, Mapping[RequestKind, float]], missing: frozenset[Need], options: Options
) -> Observed:
    """The ledgers and metrics of a call; a ledger that breaks down is a fault of the rules that need it."""
    requests: tuple[Request, ...] | None = None
    retention: Retention | None = None
    faults: dict[Ledger, str] = {}
    if not missing & LEDGER_NEEDS:
        try:
            retention = retention_ledger(call.turns, options.policy, topics)
        except Exception as fault:  # as for a rule: the report must survive it
            faults["retention"] = describe(fault)
        kept = [attempt.turn for attempt in retention.attempts] if retention else []
        try:
            requests = request_ledger(call.turns, topics, kept)
        except Exception as fault:
            faults["requests"] = describe(fault)
    return Observed(call, requests, retention, measure(call, options.limits), options.limits, faults, options.policy)


def _provenance(options: Options, engine: Engine | None, model: ActModel) -> Provenance:
    return Provenance(
        touchpoint=__version__,
        engine=f"{engine.name} {engine.version}" if engine else None,
        model=engine.weights.name if engine else None,
        model_sha256=engine.weights.sha256 if engine else None,
        encoder=model.encoder_name,
        heads=model.version,
        config_sha256=options.config_sha256,
    )
