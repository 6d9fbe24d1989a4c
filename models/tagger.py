"""The act model: a small sequence model over the sentence vectors of all turns of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from analyzer.acts import LABELS
from analyzer.understand.encoder import WIDTH

SPEAKERS = ("agent", "customer", "unknown")


class TurnTagger(nn.Module):
    """Logits of every label for every turn, the turn read in its call.

    A turn is its sentence vector (384) and its speaker. Sentence vectors of this encoder lie in a narrow cone, so they
    are centred and scaled first. The vector speaks for itself through a linear skip; a bidirectional GRU over the
    call adds what came before and after.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, hidden: int = 96, dropout: float = 0.3) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("scale", torch.ones(WIDTH))
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(WIDTH + len(SPEAKERS), 2 * hidden)
        self.context = nn.GRU(2 * hidden, hidden, batch_first=True, bidirectional=True)
        self.skip = nn.Linear(WIDTH + len(SPEAKERS), len(LABELS))
        self.out = nn.Linear(4 * hidden, len(LABELS))

    def forward(self, vectors: Tensor, speakers: Tensor, lengths: Tensor) -> Tensor:
        """Calls padded to one length: `vectors` (calls, turns, 384) float32, `speakers` (calls, turns) indices into
        SPEAKERS, `lengths` (calls,) how many turns are real; gives (calls, turns, labels)."""
        marks = nn.functional.one_hot(speakers, len(SPEAKERS)).to(vectors.dtype)
        joined = torch.cat([self.dropout((vectors - self.mean) / self.scale), marks], dim=-1)
        local = self.dropout(torch.relu(self.project(joined)))
        packed = pack_padded_sequence(local, lengths, batch_first=True, enforce_sorted=False)
        around, _ = pad_packed_sequence(self.context(packed)[0], batch_first=True, total_length=local.shape[1])
        both = torch.cat([local, self.dropout(around)], dim=-1)
        return cast(Tensor, self.skip(joined) + self.out(both))

    def one(self, vectors: Tensor, speakers: Tensor) -> Tensor:
        """Logits (turns, labels) of one call."""
        logits = self(vectors.unsqueeze(0), speakers.unsqueeze(0), torch.tensor([len(vectors)]))
        return cast(Tensor, logits.squeeze(0))


class RoleHead(nn.Module):
    """Log odds that a turn is said by the agent, from its sentence vector alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """`vectors` (turns, 384); gives (turns,)."""
        return cast(Tensor, self.linear(vectors)).squeeze(-1)


def speaker_indices(speakers: Sequence[str]) -> Tensor:
    return torch.tensor([SPEAKERS.index(speaker) for speaker in speakers], dtype=torch.long)
