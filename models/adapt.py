"""Adapt the sentence encoder to dialogue acts: `python models/adapt.py [ROUND…]`. Run it before models/train.py.

Low-rank adapters (LoRA, Hu et al. 2021) on the upper layers of the encoder learn all labels at once, from whole calls:
a turn tagger over the vectors of a call is trained with them from end to end, and a readout that reads each label from
the tokens of one turn alone. Adapters and readout are kept (models/heads/adapter.safetensors); models/train.py trains
the taggers that stay. The lower layers never change, so what they make of the training texts is computed once and kept
in memory. There is no dropout in the encoder, which costs a third of the time on a CPU; misheard copies of the texts
stand in for it. Training data are models/data and models/heard alone. Seeded; about an hour a round on two idle cores.

There are two rounds. After the first one the readout told the kinds of request no better on the calls that it had
learned from than on others: it had learned too little, not too much. The second one goes on where the first one ended,
with the calls that were written since, and lets the kinds count more. A third one was tried and left out
(docs/evaluation.md).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from analyzer.acts import LABELS
from analyzer.understand.encoder import PREFIX, SENTENCE
from analyzer.understand.readout import PREFIX as READOUT
from analyzer.understand.reference import TransformersEncoder
from analyzer.understand.tagger import speaker_indices
from models.dialogues import Dialogue
from models.tagger import Readout, TurnTagger
from models.train import (
    HIDDEN,
    Example,
    as_recognised,
    heard_of,
    label_loss,
    label_weights,
    loss_of,
    pairs_of,
    targets_of,
    training_calls,
)

HERE = Path(__file__).parent
ADAPTER = HERE / "heads" / "adapter.safetensors"
RANK, ALPHA, FIRST_LAYER, LAYERS = 16, 32, 5, 12
BATCH, DECAY = 4, 1e-2  # a batch is so many calls
TURNS_AT_ONCE = 32
MAX_TOKENS = 80
MISHEARD = 0.4
READOUT_SCALE = 3.0  # of the readout's logits, which the tagger reads beside the sentence vectors


@dataclass(frozen=True, slots=True)
class Round:
    """One training from end to end: on which folders of models/data (as `a` for en-a and de-a), how long, how fast
    (adapters, heads), and how much the kinds of request count by themselves."""

    folders: tuple[str, ...]
    epochs: int
    rate: float
    head_rate: float
    kinds: float


ROUNDS = {
    1: Round(folders=(*"abcdefghijklmnopqrstuv",), epochs=3, rate=7e-4, head_rate=2e-3, kinds=0.0),
    2: Round(folders=(*"abcdefghijklmnopqrstuvwxy",), epochs=2, rate=6e-4, head_rate=1.5e-3, kinds=1.0),
}
KIND_COLUMNS = [column for column, (role, _) in enumerate(LABELS) if role == "kind"]


class Upper(nn.Module):
    """The upper layers of the encoder, from cached outputs of the lower ones to the last ones."""

    def __init__(self, encoder: TransformersEncoder) -> None:
        super().__init__()
        model = encoder.model
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(model.encoder.layer)})

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` (texts, tokens, 384), `mask` (texts, tokens) of 0 and 1; gives (texts, tokens, 384)."""
        visible = mask[:, None, None, :].bool().expand(-1, 1, mask.shape[1], -1)
        for layer in list(self.encoder["layer"].children())[FIRST_LAYER:]:
            out = layer(hidden, visible)
            hidden = out[0] if isinstance(out, tuple) else out
        return hidden


class Reader(nn.Module):
    """What is trained of the encoder: its upper layers with adapters, and the readout."""

    def __init__(self, encoder: TransformersEncoder) -> None:
        super().__init__()
        config = LoraConfig(
            r=RANK,
            lora_alpha=ALPHA,
            lora_dropout=0.0,
            target_modules=["query", "key", "value", "dense"],
            layers_to_transform=list(range(FIRST_LAYER, LAYERS)),
            layers_pattern="layer",
        )
        self.upper: nn.Module = get_peft_model(Upper(encoder), config)
        self.readout = Readout()

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """As `Upper`; gives vectors (texts, WIDTH) as `analyzer.understand.encoder.Encoder` does."""
        states = self.upper(hidden, mask)
        means = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return torch.cat([nn.functional.normalize(means, dim=1), self.readout(states, mask)], dim=1)


def lower(encoder: TransformersEncoder, texts: Sequence[str]) -> list[Tensor]:
    """Output of the lower layers for each text: (tokens, 384) in half precision."""
    encoder.tokenizer.enable_truncation(MAX_TOKENS)
    tokens = [encoding.ids for encoding in encoder.tokenizer.encode_batch([PREFIX + text for text in texts])]
    found: list[Tensor] = [torch.empty(0)] * len(texts)
    by_length = sorted(range(len(texts)), key=lambda row: len(tokens[row]))
    kept = encoder.model.encoder.layer
    encoder.model.encoder.layer = kept[:FIRST_LAYER]
    with torch.inference_mode():
        for start in range(0, len(texts), TURNS_AT_ONCE):
            rows = by_length[start : start + TURNS_AT_ONCE]
            longest = len(tokens[rows[-1]])
            ids = torch.tensor([tokens[row] + [1] * (longest - len(tokens[row])) for row in rows])
            mask = torch.tensor([[1] * len(tokens[row]) + [0] * (longest - len(tokens[row])) for row in rows])
            hidden = encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state
            for row, states in zip(rows, hidden, strict=True):
                found[row] = states[: len(tokens[row])].half()
    encoder.model.encoder.layer = kept
    return found


def by_call(calls: Sequence[Dialogue], states: Sequence[Tensor]) -> list[list[Tensor]]:
    """States of all turns, one list for each call."""
    ends = np.cumsum([len(call.turns) for call in calls])
    return [list(states[end - len(call.turns) : end]) for call, end in zip(calls, ends, strict=True)]


def example_of(call: Dialogue) -> Example:
    """A call as its taggers see it, with vectors yet to come."""
    targets, mask = (torch.from_numpy(part) for part in targets_of(call))
    speakers = torch.from_numpy(speaker_indices([turn.speaker for turn in call.turns]))
    return Example(torch.empty(0), speakers, targets, mask, *pairs_of(call), heard_of(call))


def embed(model: nn.Module, states: Sequence[Tensor]) -> Tensor:
    """Vectors (texts, WIDTH) of texts whose lower layers are known; texts of like length go together."""
    lengths = torch.tensor([len(state) for state in states])
    order = torch.argsort(lengths, stable=True)
    vectors = []
    for rows in order.split(TURNS_AT_ONCE):
        hidden = nn.utils.rnn.pad_sequence([states[int(row)].float() for row in rows], batch_first=True)
        mask = (torch.arange(hidden.shape[1]) < lengths[rows, None]).float()
        vectors.append(model(hidden, mask))
    return torch.cat(vectors)[torch.argsort(order)]


def tagger_for(model: Reader, states: Sequence[Tensor]) -> TurnTagger:
    """A new tagger, centred and scaled on what the encoder makes of some turns before it is adapted."""
    with torch.inference_mode():
        sentences = embed(model, states)[:, :SENTENCE]
    tagger = TurnTagger(hidden=HIDDEN)
    tagger.mean[:SENTENCE] = sentences.mean(0)
    tagger.scale[:SENTENCE] = sentences.std(0)
    tagger.scale[SENTENCE:] = READOUT_SCALE
    return tagger


def train(
    model: Reader,
    tagger: TurnTagger,
    versions: Sequence[Sequence[Sequence[Tensor]]],
    examples: Sequence[Example],
    plan: Round,
    order: np.random.Generator,
) -> None:
    """Train adapters, readout and tagger together; `versions` are the calls as they are and misheard."""
    weights = label_weights(examples)
    trainable = [parameter for parameter in model.upper.parameters() if parameter.requires_grad]
    heads = [*tagger.parameters(), *model.readout.parameters()]
    groups: list[dict[str, Any]] = [{"params": trainable}, {"params": heads, "lr": plan.head_rate}]
    optimiser = torch.optim.AdamW(groups, lr=plan.rate, weight_decay=DECAY)
    steps = plan.epochs * -(-len(examples) // BATCH)
    rates = [plan.rate, plan.head_rate]
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rates, total_steps=steps, pct_start=0.1)
    started = time.monotonic()
    model.train()
    for epoch in range(plan.epochs):
        summed, rows = 0.0, [int(row) for row in order.permutation(len(examples))]
        for start in range(0, len(rows), BATCH):
            chosen = rows[start : start + BATCH]
            states = [versions[int(order.random() < MISHEARD)][row] for row in chosen]
            vectors = embed(model, [state for call in states for state in call])
            own = vectors.split([len(call) for call in states])
            batch = [replace(examples[row], vectors=part) for row, part in zip(chosen, own, strict=True)]
            targets, mask = (torch.cat([getattr(example, name) for example in batch]) for name in ("targets", "mask"))
            told = vectors[:, SENTENCE:]
            loss = loss_of(tagger, batch, weights) + label_loss(told, targets, mask, weights)
            if plan.kinds:
                own_told, own_targets, own_mask, own_weights = (
                    part[..., KIND_COLUMNS] for part in (told, targets, mask, weights)
                )
                loss = loss + plan.kinds * label_loss(own_told, own_targets, own_mask, own_weights)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*trainable, *heads], 1.0)
            optimiser.step()
            schedule.step()
            summed += loss.item()
            if start % (100 * BATCH) == 0:
                mean = summed * BATCH / (start + BATCH)
                print(
                    f"epoch {epoch + 1}, call {start}: loss {mean:.4f}, {time.monotonic() - started:.0f} s", flush=True
                )


def save(model: Reader) -> None:
    """Keep A and B of every adapted matrix, the scaling folded into B, and the readout."""
    tensors = {READOUT + name: value.half().contiguous() for name, value in model.readout.state_dict().items()}
    for name, value in model.upper.state_dict().items():
        if "lora_" in name:
            tensors[_plain(name)] = (value * _scaling(name)).half().contiguous()
    ADAPTER.parent.mkdir(exist_ok=True)
    save_file(tensors, str(ADAPTER))
    print(f"wrote {ADAPTER}")


def resume(model: Reader) -> None:
    """Set adapters and readout to what was saved."""
    tensors = {name: value.float() for name, value in load_file(str(ADAPTER)).items()}
    model.readout.load_state_dict({name: tensors[READOUT + name] for name in model.readout.state_dict()})
    upper = model.upper.state_dict()
    adapted = {name: tensors[_plain(name)] / _scaling(name) for name in upper if "lora_" in name}
    model.upper.load_state_dict(upper | adapted)


def _plain(name: str) -> str:
    """The name of an adapter's matrix without what peft adds to it."""
    return name.removeprefix("base_model.model.").replace(".default", "")


def _scaling(name: str) -> float:
    return ALPHA / RANK if "lora_B" in name else 1.0


def adapt(number: int) -> None:
    """One round: the first one begins anew, later ones go on from what the one before has saved."""
    torch.manual_seed(number - 1)
    plan = ROUNDS[number]
    calls = [call for call in training_calls() if call.id.split("-")[1] in plan.folders]
    encoder = TransformersEncoder(adapter=None)
    started = time.monotonic()
    versions = [
        by_call(calls, lower(encoder, [turn.text for call in own for turn in call.turns]))
        for own in (calls, [as_recognised(call) for call in calls])
    ]
    print(f"round {number}: {len(calls)} calls, lower layers {time.monotonic() - started:.0f} s", flush=True)
    model = Reader(encoder)
    if number > 1:
        resume(model)
    tagger = tagger_for(model, [state for call in versions[0][::8] for state in call])
    train(model, tagger, versions, [example_of(call) for call in calls], plan, np.random.default_rng(number - 1))
    save(model)


def main() -> None:
    for number in [int(given) for given in sys.argv[1:]] or sorted(ROUNDS):
        adapt(number)


if __name__ == "__main__":
    main()
