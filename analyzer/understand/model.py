"""Turns in, turns with dialogue acts out: encoder, trained heads, and what is said literally."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from analyzer.acts import AGENT_ACTS, CUSTOMER_ACTS, KINDS, LABELS
from analyzer.call import Act, RequestKind, Speaker, Turn
from analyzer.errors import ModelError
from analyzer.resources import models_dir
from analyzer.understand.encoder import Encoder, Vectors
from analyzer.understand.literal import literal_acts
from analyzer.understand.tagger import RoleHead, TurnTagger, speaker_indices

REINSTALL = "They come with the program: install touchpoint-qa again."
LITERAL_CONFIDENCE = 0.95
REQUESTS = ("request", "restate")
NOT_CANCEL = "not_cancel"  # of the phrases: no act, but the word that an act must not be read from
Probabilities = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was understood of a call: its turns with acts, and for agent turns how well each kind of request fits."""

    turns: tuple[Turn, ...]
    topics: Mapping[int, Mapping[RequestKind, float]]


class ActModel:
    """An ensemble of turn taggers over the vectors of one encoder. ModelError when the heads do not load."""

    languages = ("en", "de")

    def __init__(self, folder: Path, sentence_encoder: Encoder) -> None:
        self._encoder = sentence_encoder
        self._last: tuple[tuple[str, ...], Vectors] | None = None
        try:
            self._settings = json.loads((folder / "heads.json").read_text(encoding="utf-8"))
            tensors = load_file(str(folder / "heads.safetensors"))
            data = (folder / "heads.safetensors").read_bytes() + (folder / "adapter.safetensors").read_bytes()
        except (OSError, ValueError, SafetensorError) as fault:
            raise ModelError(f"the trained heads cannot be read: {fault}", path=folder, next_step=REINSTALL) from fault
        if [tuple(label) for label in self._settings["labels"]] != list(LABELS):
            raise ModelError("the trained heads know other acts than this version.", path=folder, next_step=REINSTALL)
        self.version = f"{self._settings['version']}@{hashlib.sha256(data).hexdigest()[:12]}"
        try:
            self._members = [self._member(tensors, number) for number in range(self._settings["members"])]
            self._role = RoleHead()
            self._role.load_state_dict(_part(tensors, "role."))
        except RuntimeError as fault:  # torch: keys or shapes that do not fit
            raise ModelError(
                "the trained heads are of another shape than this version's.", path=folder, next_step=REINSTALL
            ) from fault

    @property
    def encoder_name(self) -> str:
        return self._encoder.name

    def agent_log_odds(self, texts: Sequence[str]) -> tuple[float, ...]:
        """For each text, the log odds that an agent says it."""
        with torch.inference_mode():
            odds = self._role(torch.from_numpy(self._vectors(texts)))
        return tuple(float(value) for value in odds)

    def understand(self, turns: Sequence[Turn], language: str) -> Understanding:
        """Acts of every turn with a known speaker; a turn of `unknown` gets none."""
        if not turns:
            return Understanding((), {})
        probabilities = self.probabilities(self._vectors([turn.text for turn in turns]), turns)
        acted = tuple(
            turn.model_copy(update={"acts": self._acts(turn, row, language)})
            for turn, row in zip(turns, probabilities, strict=True)
        )
        return Understanding(acted, self._topics(turns, probabilities))

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the turns of a call; who speaks and what they do are read from the same ones."""
        wanted = tuple(texts)
        if self._last is None or self._last[0] != wanted:
            self._last = (wanted, self._encoder.embed(wanted))
        return self._last[1]

    def probabilities(self, vectors: Vectors, turns: Sequence[Turn]) -> Probabilities:
        """Calibrated probability of every label, shape (turns, labels), in the order of `LABELS`."""
        speakers = speaker_indices([turn.speaker for turn in turns])
        with torch.inference_mode():
            logits = torch.stack([member.one(torch.from_numpy(vectors), speakers) for member in self._members]).mean(0)
            return cast(Probabilities, torch.sigmoid(logits / self._settings["temperature"]).numpy())

    def _member(self, tensors: dict[str, torch.Tensor], number: int) -> TurnTagger:
        member = TurnTagger(hidden=self._settings["hidden"])
        member.load_state_dict(_part(tensors, f"member{number}."))
        return member.eval()

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
        likely = {cast(RequestKind, kind): float(p) for kind, p in zip(KINDS, row[-len(KINDS) :], strict=True)}
        limits = dict(zip(KINDS, self._kind_thresholds, strict=True))
        clear = {kind: p for kind, p in likely.items() if p >= limits[kind] and (may_cancel or kind != "cancel")}
        if clear:
            return clear
        del likely["cancel"]
        best = max(likely, key=lambda kind: likely[kind])
        return {best: likely[best]}

    @property
    def _kind_thresholds(self) -> Sequence[float]:
        return cast(Sequence[float], self._settings["thresholds"][-len(KINDS) :])

    def _topics(self, turns: Sequence[Turn], probabilities: Probabilities) -> dict[int, dict[RequestKind, float]]:
        return {
            turn.index: {
                cast(RequestKind, kind): round(float(value), 3)
                for kind, value in zip(KINDS, row[-len(KINDS) :], strict=True)
            }
            for turn, row in zip(turns, probabilities, strict=True)
            if turn.speaker == "agent"
        }


def _act(name: str, confidence: float, kind: RequestKind | None = None) -> Act:
    return Act(act=name, kind=kind, confidence=round(confidence, 3))


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value.float() for name, value in tensors.items() if name.startswith(prefix)}


@lru_cache(maxsize=1)
def act_model() -> ActModel:
    """The process's one act model, loaded at first use."""
    folder = models_dir() / "heads"
    return ActModel(folder, Encoder(folder / "adapter.safetensors"))
