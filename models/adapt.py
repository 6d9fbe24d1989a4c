"""Adapt the sentence encoder to dialogue acts: `python models/adapt.py`. Run it before models/train.py.

Low-rank adapters (LoRA, Hu et al. 2021) on the upper layers of the encoder learn, turn by turn and without context,
all labels at once. The lower layers never change, so what they make of the training texts is computed once and kept
in memory. Only the adapters are kept (models/heads/adapter.safetensors). Training data are models/data alone. Seeded;
about ten minutes on two cores.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch import Tensor, nn

from analyzer.acts import LABELS
from analyzer.understand.encoder import PREFIX, WIDTH
from analyzer.understand.reference import TransformersEncoder
from models.dialogues import Dialogue, read_folder
from models.train import as_recognised, targets_of

HERE = Path(__file__).parent
RANK, ALPHA, FIRST_LAYER, LAYERS = 16, 32, 4, 12
EPOCHS, BATCH, RATE, HEAD_RATE = 6, 32, 7e-4, 3e-3
MAX_TOKENS = 80
SCALE = 12.0  # the classifier reads unit vectors; this gives it room
MAX_WEIGHT = 4.0


class Upper(nn.Module):
    """The upper layers of the encoder, from cached outputs of the lower ones to unit vectors."""

    def __init__(self, encoder: TransformersEncoder) -> None:
        super().__init__()
        model = encoder.model
        for parameter in model.parameters():
            parameter.requires_grad_(False)
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(model.encoder.layer)})

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """`hidden` (texts, tokens, 384), `mask` (texts, tokens) of 0 and 1; gives (texts, 384)."""
        visible = mask[:, None, None, :].bool().expand(-1, 1, mask.shape[1], -1)
        for layer in list(self.encoder["layer"].children())[FIRST_LAYER:]:
            out = layer(hidden, visible)
            hidden = out[0] if isinstance(out, tuple) else out
        means = (hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
        return nn.functional.normalize(means, dim=1)


def lower(encoder: TransformersEncoder, texts: Sequence[str]) -> list[Tensor]:
    """Output of the lower layers for each text: (tokens, 384) in half precision."""
    encoder.tokenizer.enable_truncation(MAX_TOKENS)
    tokens = [encoding.ids for encoding in encoder.tokenizer.encode_batch([PREFIX + text for text in texts])]
    found: list[Tensor] = [torch.empty(0)] * len(texts)
    by_length = sorted(range(len(texts)), key=lambda row: len(tokens[row]))
    kept = encoder.model.encoder.layer
    encoder.model.encoder.layer = kept[:FIRST_LAYER]
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            rows = by_length[start : start + BATCH]
            longest = len(tokens[rows[-1]])
            ids = torch.tensor([tokens[row] + [1] * (longest - len(tokens[row])) for row in rows])
            mask = torch.tensor([[1] * len(tokens[row]) + [0] * (longest - len(tokens[row])) for row in rows])
            hidden = encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state
            for row, states in zip(rows, hidden, strict=True):
                found[row] = states[: len(tokens[row])].half()
    encoder.model.encoder.layer = kept
    return found


def rows_of(calls: Sequence[Dialogue]) -> tuple[Tensor, Tensor]:
    """Targets and mask of all turns, (turns, labels) each."""
    pairs = [targets_of(call) for call in calls]
    targets, masks = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    return torch.from_numpy(targets), torch.from_numpy(masks)


def batches_of(states: Sequence[Tensor], order: np.random.Generator) -> list[NDArray[np.int64]]:
    """Row numbers in batches of like length, in random order."""
    by_length = np.argsort(
        [len(state) + noise for state, noise in zip(states, order.random(len(states)) * 6, strict=True)]
    )
    batches = [by_length[start : start + BATCH] for start in range(0, len(states), BATCH)]
    return [batches[int(number)] for number in order.permutation(len(batches))]


def main() -> None:
    torch.manual_seed(0)
    order = np.random.default_rng(0)
    calls = read_folder(HERE / "data")
    targets, masks = rows_of(calls)
    encoder = TransformersEncoder(adapter=None)
    started = time.monotonic()
    versions = [
        lower(encoder, [turn.text for call in calls for turn in call.turns]),
        lower(encoder, [turn.text for call in calls for turn in as_recognised(call).turns]),
    ]
    print(f"{len(calls)} calls, {len(targets)} turns, lower layers {time.monotonic() - started:.0f} s", flush=True)
    config = LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        lora_dropout=0.1,
        target_modules=["query", "key", "value", "dense"],
        layers_to_transform=list(range(FIRST_LAYER, LAYERS)),
        layers_pattern="layer",
    )
    model = get_peft_model(Upper(encoder), config)
    head = nn.Linear(WIDTH, len(LABELS))
    train(model, head, versions, targets, masks, order)
    save(model)


def train(
    model: nn.Module, head: nn.Linear, versions: Sequence[Sequence[Tensor]], targets: Tensor, masks: Tensor,
    order: np.random.Generator,
) -> None:  # fmt: skip
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [{"params": trainable}, {"params": head.parameters(), "lr": HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, lr=RATE)
    hits = (targets * masks).sum(0)
    weights = ((masks.sum(0) - hits) / hits.clamp(min=1)).sqrt().clamp(1.0, MAX_WEIGHT)
    loss_of = nn.BCEWithLogitsLoss(pos_weight=weights, reduction="none")
    steps = EPOCHS * -(-len(targets) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [RATE, HEAD_RATE], total_steps=steps, pct_start=0.1)
    started = time.monotonic()
    model.train()
    for epoch in range(EPOCHS):
        summed = 0.0
        states = [versions[int(order.random() < 0.4)][row] for row in range(len(targets))]
        batches = batches_of(states, order)
        for rows in batches:
            hidden = nn.utils.rnn.pad_sequence([states[int(row)].float() for row in rows], batch_first=True)
            lengths = torch.tensor([len(states[int(row)]) for row in rows])
            mask = (torch.arange(hidden.shape[1]) < lengths[:, None]).float()
            index = torch.from_numpy(rows)
            loss = loss_of(head(model(hidden, mask) * SCALE), targets[index]) * masks[index]
            loss = loss.sum() / masks[index].sum()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trainable, 1.0)
            optimiser.step()
            schedule.step()
            summed += loss.item()
        print(f"epoch {epoch + 1}: loss {summed / len(batches):.4f}, {time.monotonic() - started:.0f} s", flush=True)


def save(model: nn.Module) -> None:
    """Keep A and B of every adapted matrix, the scaling folded into B."""
    tensors = {}
    for name, value in model.state_dict().items():
        if "lora_" not in name:
            continue
        plain = name.removeprefix("base_model.model.").replace(".default", "")
        tensors[plain] = (value * (ALPHA / RANK) if "lora_B" in name else value).half().contiguous()
    folder = HERE / "heads"
    folder.mkdir(exist_ok=True)
    save_file(tensors, str(folder / "adapter.safetensors"))
    print(f"wrote {folder / 'adapter.safetensors'}")


if __name__ == "__main__":
    main()
