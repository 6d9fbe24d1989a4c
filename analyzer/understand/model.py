"""Turns in, turns with dialogue acts out: encoder, trained heads, and what is said literally."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load
from threadpoolctl import threadpool_limits

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS, KINDS, LABELS
from analyzer.call import Act, RequestKind, Speaker, Turn
from analyzer.errors import ModelError
from analyzer.resources import models_dir
from analyzer.understand.encoder import Encoder, SentenceEncoder, Vectors
from analyzer.understand.literal import literal_acts
from analyzer.understand.tagger import Floats, RoleHead, TurnTagger, sigmoid, speaker_indices
from analyzer.weights.encoder import shipped_adapter

REINSTALL = "They come with the program: install touchpoint-qa again."
LITERAL_CONFIDENCE = 0.95
REQUESTS = ("request", "restate")
COLUMNS = {
    role: slice(first, first + len(KINDS))
    for role in ("kind", "about")
    for first in [next(column for column, label in enumerate(LABELS) if label[0] == role)]
}
NOT_CANCEL = "not_cancel"  # of the phrases: no act, but the word that an act must not be read from
Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood of a call: its turns with acts, and for each turn of the agent how likely it responds to
    the requests stated before it, by their kinds."""

    turns: tuple[Turn, ...]
    topics: Mapping[int, Mapping[RequestKind, float]]


class ActModel:
    """An ensemble of turn taggers over the vectors of one encoder. ModelError when the heads do not load."""

    languages = ("en", "de")

    def __init__(self, folder: Path, sentence_encoder: SentenceEncoder) -> None:
        self._encoder = sentence_encoder
        self._last: tuple[tuple[str, ...], Vectors] | None = None
        try:
            self._settings = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
            data = (folder / "heads.safetensors").read_bytes()
            tensors = load(data)
            data += (folder / "adapter.safetensors").read_bytes()
        except (OSError, ValueError, SafetensorError) as fault:
            raise ModelError(f"the trained heads cannot be read: {fault}", path=folder, next_step=REINSTALL) from fault
        if [tuple(label) for label in self._settings["labels"]] != list(LABELS):
            raise ModelError("the trained heads know other acts than this version.", path=folder, next_step=REINSTALL)
        self.version = f"{self._settings['version']}@{hashlib.sha256(data).hexdigest()[:12]}"
        try:
            members = range(self._settings["members"])
            self._members = [TurnTagger(_part(tensors, f"member{number}.")) for number in members]
            self._role = RoleHead(_part(tensors, "role."))
        except KeyError as fault:
            raise ModelError(
                "the trained heads are of another shape than this version's.", path=folder, next_step=REINSTALL
            ) from fault

    @property
    def encoder_name(self) -> str:
        return self._encoder.name

    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]:
        """For each text, the log odds that an agent says it."""
        with threadpool_limits(1, "blas"):
            return tuple(float(value) for value in self._role.log_odds(self._vectors(texts)))

    def understand(self, turns: Sequence[Turn], language: str) -> Understanding:
        """Acts of every turn with a known speaker; a turn of `unknown` gets none."""
        if not turns:
            return Understanding((), {})
        probabilities, links = self.probabilities(self._vectors([turn.text for turn in turns]), turns)
        acted = tuple(
            turn.model_copy(update={"acts": self._acts(turn, row, language)})
            for turn, row in zip(turns, probabilities, strict=True)
        )
        return Understanding(acted, _topics(acted, links))

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the turns of a call; who speaks and what they do are read from the same ones."""
        wanted = tuple(texts)
        if self._last is None or self._last[0] != wanted:
            self._last = (wanted, self._encoder.embed(wanted))
        return self._last[1]

    def probabilities(self, vectors: Vectors, turns: Sequence[Turn]) -> tuple[Probabilities, Probabilities]:
        """Calibrated probability of every label, shape (turns, labels), in the order of `LABELS`; and that a turn
        responds to a request of a kind in another turn, shape (turns, turns, kinds)."""
        speakers = speaker_indices([turn.speaker for turn in turns])
        with threadpool_limits(1, "blas"):  # how sums are split among threads must not change a digit
            found = [member(vectors, speakers) for member in self._members]
        logits, links = (np.mean([pair[side] for pair in found], axis=0) for side in (0, 1))
        return sigmoid(logits / np.float32(self._settings["temperature"])), sigmoid(links)

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
        thresholds = self._settings["thresholds"]
        return [
            (name, float(probability))
            for (role, name), probability, threshold in zip(LABELS, row, thresholds, strict=True)
            if role == speaker and probability >= threshold
        ]

    def _kinds(self, row: NDArray[np.float32], *, may_cancel: bool) -> dict[RequestKind, float]:
        """Kinds of a request with their probabilities: all over their threshold, or the likeliest.

        An unclear request is never taken for a cancellation, nor is one that says it is none.
        """
        likely = {cast(RequestKind, kind): float(p) for kind, p in zip(KINDS, row[COLUMNS["kind"]], strict=True)}
        limits = dict(zip(KINDS, self._kind_thresholds, strict=True))
        clear = {kind: p for kind, p in likely.items() if p >= limits[kind] and (may_cancel or kind != "cancel")}
        if clear:
            return clear
        del likely["cancel"]
        best = max(likely, key=lambda kind: likely[kind])
        return {best: likely[best]}

    @property
    def _kind_thresholds(self) -> Sequence[float]:
        return cast(Sequence[float], self._settings["thresholds"][COLUMNS["kind"]])


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


def act_model() -> ActModel:
    """The process's one act model, loaded at first use; threads that ask at once wait for the same one."""
    with _LOADING:
        return _load()


_LOADING = Lock()


@lru_cache(maxsize=1)
def _load() -> ActModel:
    return ActModel(models_dir() / "heads", Encoder(shipped_adapter()))
