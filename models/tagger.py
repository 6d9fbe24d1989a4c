"""The act model as it is trained: a small sequence model over the sentence vectors of all turns of a call.

What is trained here runs in analyzer/understand/tagger.py, which reads the same tensors by the same names.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from analyzer.acts import KINDS, LABELS
from analyzer.understand.encoder import SENTENCE, WIDTH
from analyzer.understand.tagger import SPEAKERS, near

LINK = 48  # width of the vectors by which a response finds its request


class TurnTagger(nn.Module):
    """Logits of every label for every turn, and of every response for the request it may be about.

    A turn is its vector (the sentence's, and what each label is told by) and its speaker. Sentence vectors of this
    encoder lie in a narrow cone, so all are centred and scaled first. The vector speaks for itself through a linear
    skip; a bidirectional GRU over the call adds what came before and after. A response is linked to a request by a dot
    product of what both turns are made into, the request's kind, how alike the turns are and how near.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, hidden: int = 96, dropout: float = 0.3, width: int = WIDTH) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(width + len(SPEAKERS), 2 * hidden)
        self.context = nn.GRU(2 * hidden, hidden, batch_first=True, bidirectional=True)
        self.skip = nn.Linear(width + len(SPEAKERS), len(LABELS))
        self.out = nn.Linear(4 * hidden, len(LABELS))
        self.response = nn.Linear(width + len(SPEAKERS) + 4 * hidden, LINK)
        self.request = nn.Linear(width + len(SPEAKERS) + 4 * hidden, LINK)
        self.kind = nn.Linear(len(KINDS), LINK, bias=False)
        self.nearness = nn.Linear(3, 1)

    def forward(self, vectors: Tensor, speakers: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Calls padded to one length: `vectors` (calls, turns, width) float32, `speakers` (calls, turns) indices into
        SPEAKERS, `lengths` (calls,) how many turns are real; gives logits (calls, turns, labels) and what the turns
        are made into (calls, turns, states)."""
        marks = nn.functional.one_hot(speakers, len(SPEAKERS)).to(vectors.dtype)
        joined = torch.cat([self.dropout((vectors - self.mean) / self.scale), marks], dim=-1)
        local = self.dropout(torch.relu(self.project(joined)))
        packed = pack_padded_sequence(local, lengths, batch_first=True, enforce_sorted=False)
        around, _ = pad_packed_sequence(self.context(packed)[0], batch_first=True, total_length=local.shape[1])
        both = torch.cat([local, self.dropout(around)], dim=-1)
        return self.skip(joined) + self.out(both), torch.cat([joined, both], dim=-1)

    def link(self, responses: Tensor, requests: Tensor, kinds: Tensor, distances: Tensor) -> Tensor:
        """Logits (pairs,) that a turn responds to a request: states of both (pairs, states), the request's kind
        (pairs, kinds) one-hot or zeros where it is not to be used, and how many turns lie between (pairs,)."""
        sought = self.request(requests) + self.kind(kinds)
        fit = (self.response(responses) * sought).sum(-1) / LINK**0.5
        alike = nn.functional.cosine_similarity(responses[:, :SENTENCE], requests[:, :SENTENCE], dim=-1)
        close = torch.from_numpy(near(distances.numpy()))
        nearness = self.nearness(torch.cat([close, alike.unsqueeze(-1)], dim=-1))
        return cast(Tensor, fit + nearness.squeeze(-1))

    def one(self, vectors: Tensor, speakers: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (turns, labels) and states (turns, states) of one call."""
        logits, states = self(vectors.unsqueeze(0), speakers.unsqueeze(0), torch.tensor([len(vectors)]))
        return logits.squeeze(0), states.squeeze(0)

    def forget_context(self) -> None:
        """Read every turn alone: what comes from the turns around it counts nothing."""
        with torch.no_grad():
            for layer in (self.out, self.response, self.request):
                layer.weight[:, -self.context.hidden_size * 2 :] = 0


class Readout(nn.Module):
    """What the tokens of a text say of each label; runs as analyzer/understand/readout.py."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.zeros(len(LABELS), SENTENCE))  # at first all tokens count alike
        self.value = nn.Parameter(torch.randn(len(LABELS), SENTENCE) * 0.02)
        self.bias = nn.Parameter(torch.zeros(len(LABELS)))

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """`states` (texts, tokens, 384), `mask` (texts, tokens) of 0 and 1; gives logits (texts, labels)."""
        sought = (states @ self.query.T).masked_fill(mask.unsqueeze(-1) == 0, -torch.inf)
        told: Tensor = (torch.softmax(sought, dim=1) * (states @ self.value.T)).sum(1)
        return told + self.bias


class RoleHead(nn.Module):
    """Log odds that a turn is said by the agent, from its sentence vector alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(SENTENCE, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """`vectors` (turns, SENTENCE or more, of which the rest counts nothing); gives (turns,)."""
        return cast(Tensor, self.linear(vectors[:, :SENTENCE])).squeeze(-1)
