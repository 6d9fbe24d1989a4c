"""Turns in, turns with dialogue acts out: encoder, trained heads, and what is said literally."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS, GROUPS, KINDS, LABELS
from analyzer.call import Act, RequestKind, Speaker, Turn, Value
from analyzer.errors import ModelError
from analyzer.resources import models_dir
from analyzer.threads import one_blas_thread
from analyzer.understand.encoder import SENTENCE, Encoder, SentenceEncoder, Vectors, encoder_name
from analyzer.understand.literal import literal_acts, load_phrases
from analyzer.understand.tagger import Floats, RoleHead, TurnTagger, sigmoid, speaker_indices
from analyzer.weights.encoder import shipped_adapter

REINSTALL = "They come with the program: install touchpoint-qa again."
LITERAL_CONFIDENCE = 0.95
REQUESTS = ("request", "restate")
COMPLETED = {  # groups of which one of these acts is taken when none is sure by itself
    "move": ("reason_probe", "save_offer", "persuasion"),
    "refusal": ("refuse",),
}
KIND_COLUMNS = slice(LABELS.index(("kind", KINDS[0])), LABELS.index(("kind", KINDS[-1])) + 1)
SENTENCE_END = re.compile(r"(?<=[.?!;:])\s+")
PIECE = 12  # words
NOT_CANCEL = "not_cancel"  # of the phrases: no act, but the word that an act must not be read from
Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood of a call: its turns with acts, and for each turn of the agent how likely it responds to
    the requests stated before it, by their kinds."""

    turns: tuple[Turn, ...]
    topics: Mapping[int, Mapping[RequestKind, float]]


class _Settings(Value):
    """heads.json: what the heads are, and how their logits become acts (models/train.py, `Calibration`).

    `sha256` is that of heads.safetensors and adapter.safetensors together; so a fingerprint of this file is one of all.
    """

    model_config = ConfigDict(extra="ignore")

    version: str
    sha256: str
    members: int
    labels: tuple[tuple[str, str], ...]
    offsets: tuple[float, ...] = Field(min_length=len(LABELS), max_length=len(LABELS))
    temperature: float = Field(gt=0)
    thresholds: tuple[float, ...] = Field(min_length=len(LABELS), max_length=len(LABELS))


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What takes its time to load."""

    encoder: SentenceEncoder
    members: Sequence[TurnTagger]
    role: RoleHead


class ActModel:
    """An ensemble of turn taggers over the vectors of one encoder.

    Made, it knows what it is; encoder and taggers load at first use, so that a call whose acts are stored waits for
    none of them. ModelError when the heads are none of this version's, or, at first use, cannot be read.
    """

    languages = ("en", "de")

    def __init__(self, folder: Path, encoder: Callable[[], SentenceEncoder]) -> None:
        self._folder, self._make_encoder = folder, encoder
        self._last: tuple[tuple[str, ...], Vectors] | None = None
        self._loading = Lock()
        self._loaded: _Loaded | None = None
        try:
            described = (folder / "heads.json").read_bytes()
            self._settings = _Settings.model_validate_json(described)
        except (OSError, ValueError) as fault:
            raise _unreadable(folder, fault) from fault
        if self._settings.labels != LABELS:
            raise ModelError("the trained heads know other acts than this version.", path=folder, next_step=REINSTALL)
        self.version = f"{self._settings.version}@{hashlib.sha256(described).hexdigest()[:12]}"

    @property
    def encoder_name(self) -> str:
        return encoder_name()

    def load(self) -> _Loaded:
        """Encoder and taggers; threads that ask at once wait for the same ones."""
        with self._loading:
            if self._loaded is None:
                self._loaded = self._read()
            return self._loaded

    def _read(self) -> _Loaded:
        try:
            data = (self._folder / "heads.safetensors").read_bytes()
            tensors = load(data)
            data += (self._folder / "adapter.safetensors").read_bytes()
        except (OSError, ValueError, SafetensorError) as fault:
            raise _unreadable(self._folder, fault) from fault
        if hashlib.sha256(data).hexdigest() != self._settings.sha256:
            raise ModelError(
                "the trained heads and what is said of them do not belong together.",
                path=self._folder,
                next_step=REINSTALL,
            )
        try:
            members = [TurnTagger(_part(tensors, f"member{number}.")) for number in range(self._settings.members)]
            role = RoleHead(_part(tensors, "role."))
        except KeyError as fault:
            raise ModelError(
                "the trained heads are of another shape than this version's.", path=self._folder, next_step=REINSTALL
            ) from fault
        load_phrases(self.languages)
        return _Loaded(self._make_encoder(), members, role)

    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]:
        """For each text, the log odds that an agent says it."""
        vectors = self._vectors(texts)
        with one_blas_thread():
            return tuple(float(value) for value in self.load().role.log_odds(vectors))

    def understand(self, turns: Sequence[Turn], language: str) -> Understanding:
        """Acts of every turn with a known speaker; a turn of `unknown` gets none."""
        if not turns:
            return Understanding((), {})
        probabilities, links = self.probabilities(self._vectors([turn.text for turn in turns]), turns)
        acted = tuple(
            turn.model_copy(update={"acts": self._acts(turn, row, language)})
            for turn, row in zip(turns, probabilities, strict=True)
        )
        acted = self._in_order_of_speech(acted)
        return Understanding(acted, _topics(acted, links))

    def _in_order_of_speech(self, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The turns with the requests of each in the order in which it states them: each is looked for in the parts
        of the turn, read one by one, and stands where it is told best."""
        wishing = [(row, parts_of(turn.text)) for row, turn in enumerate(turns) if len(turn.kinds("request")) > 1]
        several = {row: parts for row, parts in wishing if len(parts) > 1}
        if not several:
            return turns
        with one_blas_thread():
            vectors = self.load().encoder.embed([part for parts in several.values() for part in parts])
        told, ordered, at = vectors[:, SENTENCE:][:, KIND_COLUMNS], list(turns), 0
        if not told.shape[1]:  # an encoder without a readout tells nothing of parts
            return turns
        for row, parts in several.items():
            place: dict[str | None, int] = dict(zip(KINDS, told[at : at + len(parts)].argmax(axis=0), strict=True))
            at += len(parts)
            acts = turns[row].acts
            wishes = iter(sorted((act for act in acts if act.act == "request"), key=lambda act: place[act.kind]))
            ordered[row] = turns[row].model_copy(
                update={"acts": tuple(next(wishes) if act.act == "request" else act for act in acts)}
            )
        return tuple(ordered)

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the turns of a call; who speaks and what they do are read from the same ones."""
        wanted = tuple(texts)
        last = self._last  # one reading of it: another thread may ask about another call
        if last is None or last[0] != wanted:
            encoder = self.load().encoder
            with one_blas_thread():
                last = self._last = (wanted, encoder.embed(wanted))
        return last[1]

    def probabilities(self, vectors: Vectors, turns: Sequence[Turn]) -> tuple[Probabilities, Probabilities]:
        """Calibrated probability of every label, shape (turns, labels), in the order of `LABELS`; and that a turn
        responds to a request of a kind in another turn, shape (turns, turns, kinds)."""
        speakers = speaker_indices([turn.speaker for turn in turns])
        with one_blas_thread():  # how sums are split among threads must not change a digit
            found = [member(vectors, speakers) for member in self.load().members]
        logits, links = (np.mean([pair[side] for pair in found], axis=0) for side in (0, 1))
        offsets = np.array(self._settings.offsets, dtype=np.float32)
        temperature = np.float32(self._settings.temperature)
        return sigmoid((logits - offsets) / temperature), sigmoid(links)

    def _acts(self, turn: Turn, row: NDArray[np.float32], language: str) -> tuple[Act, ...]:
        if turn.speaker == "unknown" or not turn.text.strip():
            return ()
        held = dict(self._held(turn.speaker, row))
        literal = literal_acts(turn.text, turn.speaker, language)
        for act in literal - {NOT_CANCEL}:
            held[act] = max(held.get(act, 0.0), LITERAL_CONFIDENCE)
        names = AGENT_ACTS if turn.speaker == "agent" else CUSTOMER_ACTS
        kinds = self._kinds(row, may_cancel=NOT_CANCEL not in literal)
        acts: list[Act] = []
        for name in (name for name in names if name in held):
            if name in REQUESTS:
                stated = (_act(name, min(held[name], sure), kind) for kind, sure in kinds.items())
                # a question inside what was asked already is no need of its own
                acts += [act for act in stated if name != "request" or act.confidence >= held.get("follow_up", 0.0)]
            else:
                acts.append(_act(name, held[name]))
        return tuple(acts)

    def _held(self, speaker: Speaker, row: NDArray[np.float32]) -> list[tuple[str, float]]:
        """The acts over their thresholds; and where it is clear that a turn makes a move or says no, but not which act
        that is, the likeliest one, as sure as it is that there is one. Guilt, threat and obstruction are never taken
        that way: what is severe at once must stand by itself."""
        sure = {
            label: (float(p), p >= limit)
            for label, p, limit in zip(LABELS, row, self._settings.thresholds, strict=True)
        }
        held = {name: p for (role, name), (p, over) in sure.items() if role == speaker and over}
        for group, candidates in COMPLETED.items():
            likely, over = sure["group", group]
            who, members = GROUPS[group]
            if who == speaker and over and held.keys().isdisjoint(name.partition(":")[0] for name in members):
                held[max(candidates, key=lambda name: sure[speaker, name][0])] = likely
        return list(held.items())

    def _kinds(self, row: NDArray[np.float32], *, may_cancel: bool) -> dict[RequestKind, float]:
        """Kinds of a request with their probabilities: all over their threshold, or the likeliest.

        An unclear request is never taken for a cancellation, nor is one that says it is none.
        """
        likely = {cast(RequestKind, kind): float(p) for kind, p in zip(KINDS, row[KIND_COLUMNS], strict=True)}
        limits = dict(zip(KINDS, self._settings.thresholds[KIND_COLUMNS], strict=True))
        clear = {kind: p for kind, p in likely.items() if p >= limits[kind] and (may_cancel or kind != "cancel")}
        if clear:
            return clear
        del likely["cancel"]
        best = max(likely, key=lambda kind: likely[kind])
        return {best: likely[best]}


def parts_of(text: str) -> list[str]:
    """The sentences of a turn; of one that has but one, as a recogniser writes it, pieces that overlap by half."""
    sentences = SENTENCE_END.split(text.strip())
    if len(sentences) > 1:
        return sentences
    words = text.split()
    return [" ".join(words[at : at + PIECE]) for at in range(0, max(len(words) - PIECE // 2, 1), PIECE // 2)]


def _topics(turns: Sequence[Turn], links: Probabilities) -> dict[int, dict[RequestKind, float]]:
    """How likely each turn of the agent responds to the kinds of request stated before it: the likeliest statement."""
    topics: dict[int, dict[RequestKind, float]] = {}
    stated: dict[RequestKind, list[int]] = {}
    for row, turn in enumerate(turns):
        if turn.speaker == "agent":
            topics[turn.index] = {
                kind: round(max(float(links[row, earlier, KINDS.index(kind)]) for earlier in rows), 3)
                for kind, rows in stated.items()
            }
        for kind in dict.fromkeys((*turn.kinds("request"), *turn.kinds("restate"))):
            stated.setdefault(kind, []).append(row)
    return topics


def _act(name: str, confidence: float, kind: RequestKind | None = None) -> Act:
    return Act(act=name, kind=kind, confidence=round(confidence, 3))


def _part(tensors: Mapping[str, NDArray[np.floating]], prefix: str) -> dict[str, Floats]:
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
    return {name: value.astype(np.float32) for name, value in own.items()}


def _unreadable(folder: Path, fault: Exception) -> ModelError:
    why = str(fault)
    if isinstance(fault, ValidationError):
        why = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'heads.json'}: {each['msg']}" for each in fault.errors())
    return ModelError(f"the trained heads cannot be read ({why}).", path=folder, next_step=REINSTALL)


@lru_cache(maxsize=1)
def act_model() -> ActModel:
    """The process's one act model."""
    return ActModel(models_dir() / "heads", lambda: Encoder(shipped_adapter()))
