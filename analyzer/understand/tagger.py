"""The act model as it runs: a small sequence model over the sentence vectors of all turns of a call, in numpy.

It is trained by models/tagger.py, and reads the tensors that come from there by their names (those of torch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.understand.encoder import SENTENCE

Floats = NDArray[np.float32]
Tensors = Mapping[str, Floats]
SPEAKERS = ("agent", "customer", "unknown")


class TurnTagger:
    """Logits of every label for every turn, the turn read in its call.

    A turn is its vector (the sentence's, and what each label is told by) and its speaker. Sentence vectors of this
    encoder lie in a narrow cone, so all are centred and scaled first. The vector speaks for itself through a linear
    skip; a bidirectional GRU over the call adds what came before and after. A response is linked to a request by a dot
    product of what both turns are made into, the request's kind, how alike the turns are and how near. KeyError
    where the tensors are those of another model.
    """

    def __init__(self, tensors: Tensors) -> None:
        self._mean, self._scale = tensors["mean"], tensors["scale"]
        self._project, self._skip, self._out = (_linear(tensors, name) for name in ("project", "skip", "out"))
        self._forward, self._backward = (_Gru(tensors, suffix) for suffix in ("l0", "l0_reverse"))
        self._response, self._request, self._nearness = (
            _linear(tensors, name) for name in ("response", "request", "nearness")
        )
        self._kind = tensors["kind.weight"].T

    def __call__(self, vectors: Floats, speakers: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """`vectors` (turns, WIDTH), `speakers` (turns,) indices into SPEAKERS; gives logits (turns, labels) and links
        (turns, turns, kinds): the logit that the first turn responds to a request of that kind in the second."""
        marks = np.eye(len(SPEAKERS), dtype=np.float32)[speakers]
        joined = np.concatenate([(vectors - self._mean) / self._scale, marks], axis=1)
        local = np.maximum(self._project(joined), 0)
        around = np.concatenate([self._forward(local), self._backward(local[::-1])[::-1]], axis=1)
        both = np.concatenate([local, around], axis=1)
        states = np.concatenate([joined, both], axis=1)
        return self._skip(joined) + self._out(both), self._links(states)

    def _links(self, states: Floats) -> Floats:
        responses, requests = self._response(states), self._request(states)
        fits = (responses @ requests.T)[:, :, None] + (responses @ self._kind.T)[:, None, :]
        positions = np.arange(len(states), dtype=np.float32)
        turns = states[:, :SENTENCE] / np.maximum(np.linalg.norm(states[:, :SENTENCE], axis=1, keepdims=True), 1e-8)
        close = near(positions[:, None] - positions[None, :])
        nearness = self._nearness(np.concatenate([close, (turns @ turns.T)[:, :, None]], axis=2))
        return (fits / np.float32(responses.shape[1] ** 0.5) + nearness).astype(np.float32)


class RoleHead:
    """Log odds that a turn is said by the agent, from its sentence vector alone."""

    def __init__(self, tensors: Tensors) -> None:
        self._linear = _linear(tensors, "linear")

    def log_odds(self, vectors: Floats) -> Floats:
        """`vectors` (turns, SENTENCE or more, of which the rest counts nothing); gives (turns,)."""
        return self._linear(vectors[:, :SENTENCE])[:, 0]


class _Linear:
    def __init__(self, weight: Floats, bias: Floats) -> None:
        self._weight, self._bias = weight.T, bias

    def __call__(self, rows: Floats) -> Floats:
        product: Floats = rows @ self._weight + self._bias
        return product


def _linear(tensors: Tensors, name: str) -> _Linear:
    return _Linear(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


class _Gru:
    """One direction of a gated recurrent unit (Cho et al. 2014, with torch's placing of the reset gate)."""

    def __init__(self, tensors: Tensors, suffix: str) -> None:
        self._inner = _Linear(tensors[f"context.weight_ih_{suffix}"], tensors[f"context.bias_ih_{suffix}"])
        self._state = _Linear(tensors[f"context.weight_hh_{suffix}"], tensors[f"context.bias_hh_{suffix}"])
        self._width = len(tensors[f"context.bias_hh_{suffix}"]) // 3

    def __call__(self, rows: Floats) -> Floats:
        """Rows in order of time, (turns, width); gives the state after each of them."""
        states = np.zeros((len(rows), self._width), dtype=np.float32)
        state = np.zeros(self._width, dtype=np.float32)
        for position, inner in enumerate(self._inner(rows)):
            reset_in, keep_in, new_in = np.split(inner, 3)
            reset_state, keep_state, new_state = np.split(self._state(state), 3)
            keep = sigmoid(keep_in + keep_state)
            new = np.tanh(new_in + sigmoid(reset_in + reset_state) * new_state)
            state = states[position] = (1 - keep) * new + keep * state
        return states


def near(distances: Floats) -> Floats:
    """How near a response is to its request: two values for each distance in turns."""
    turns = np.abs(distances).astype(np.float32)
    return np.stack([turns <= 2, np.log1p(turns) / 3], axis=-1).astype(np.float32)


def sigmoid(values: Floats) -> Floats:
    result: Floats = 0.5 * (1 + np.tanh(0.5 * values))
    return result


def speaker_indices(speakers: Sequence[str]) -> NDArray[np.int64]:
    return np.array([SPEAKERS.index(speaker) for speaker in speakers], dtype=np.int64)
