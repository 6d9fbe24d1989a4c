"""Train the heads of the act model: `python models/train.py`. Reads models/data and models/dev, writes models/heads.

Training data are models/data and models/heard; thresholds and temperature are set on models/dev, which is never trained
on. The samples and the benchmark are never read. Seeded; about half an hour on two CPU cores.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import time
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from analyzer.acts import GROUPS, KINDS, LABELS
from analyzer.understand.encoder import Encoder
from analyzer.understand.tagger import speaker_indices
from models.dialogues import Dialogue, read_folder
from models.tagger import RoleHead, TurnTagger

HERE = Path(__file__).parent
VERSION = "whole-calls"
HIDDEN, MEMBERS, EPOCHS, RATE, DECAY = 96, 3, 16, 1e-3, 1e-2
BATCH = 32
MAX_WEIGHT = 4.0
WORD_ERRORS = 0.12
LATER = ("z", "aa")  # folders of models/data that the shipped heads have not learned from (docs/evaluation.md)
LINK_WEIGHT, KIND_DROPOUT = 0.3, 0.4
HEARD_WEIGHT = 0.1
AT_LEAST = {  # what makes pressure severe by itself, or makes it pressure at all, is never told by less
    **{("agent", act): 0.4 for act in ("guilt", "threat", "obstruction")},
    ("kind", "cancel"): 0.6,
}
PULL = 40.0  # hits at which a label's own threshold counts as much as the usual one; every turn counts twice


@dataclass(frozen=True, slots=True)
class Example:
    """One call as tensors: vectors (turns, width), speakers (turns,), targets and mask (turns, labels); and every
    response that could be about a request: pairs (pairs, 3) of response, request and kind, linked (pairs,) 0 or 1;
    and for every kind that is asked whether anything responds to it: heard (kinds,) 0 or 1."""

    vectors: Tensor
    speakers: Tensor
    targets: Tensor
    mask: Tensor
    pairs: Tensor
    linked: Tensor
    heard: Tensor


def as_recognised(call: Dialogue) -> Dialogue:
    """The call as a recogniser writes it: about one word in ten wrong; every third call without capitals and
    punctuation. The same call is always garbled in the same way."""
    chance = np.random.default_rng(zlib.crc32(call.id.encode()))
    vocabulary = sorted({word for turn in call.turns for word in turn.text.split()})
    plain = chance.random() < 1 / 3
    turns = []
    for turn in call.turns:
        words = [heard for word in turn.text.split() for heard in _misheard(word, vocabulary, chance)]
        text = " ".join(words) or turn.text
        if plain:
            text = re.sub(r"\s+", " ", re.sub(r"[^\w\s'’-]", " ", text)).strip().lower() or text
        turns.append(replace(turn, text=text))
    return replace(call, turns=tuple(turns))


def _misheard(word: str, vocabulary: Sequence[str], chance: np.random.Generator) -> list[str]:
    """The word as it is heard: mostly right, else lost, taken for another, broken in two or with a wrong letter."""
    fault = chance.random()
    if fault >= WORD_ERRORS or len(word) < 2:
        return [word]
    at = int(chance.integers(1, len(word)))
    if fault < WORD_ERRORS * 0.25:
        return []
    if fault < WORD_ERRORS * 0.5:
        return [vocabulary[int(chance.integers(len(vocabulary)))]]
    if fault < WORD_ERRORS * 0.7:
        return [word[:at], word[at:]]
    return [word[:at] + "aeiounrtslmbg"[int(chance.integers(13))] + word[at + 1 :]]


def targets_of(call: Dialogue) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and mask: each role learns its own acts, the customer the kinds of what is stated, and that most turns
    state none, the agent the kinds that a turn responds to."""
    targets = np.zeros((len(call.turns), len(LABELS)), dtype=np.float32)
    mask = np.zeros_like(targets)
    for row, (turn, about) in enumerate(zip(call.turns, call.responses, strict=True)):
        acts = {act.partition(":")[0] for act in turn.acts}
        for column, (role, label) in enumerate(LABELS):
            if role == "kind":
                targets[row, column], mask[row, column] = label in turn.kinds, turn.speaker == "customer"
            elif role == "about":
                targets[row, column], mask[row, column] = label in about, turn.speaker == "agent"
            elif role == "group":
                speaker, members = GROUPS[label]
                held = not {*members}.isdisjoint((*acts, *turn.acts))
                targets[row, column], mask[row, column] = held, turn.speaker == speaker
            else:
                targets[row, column], mask[row, column] = label in acts, role == turn.speaker
    return targets, mask


def pairs_of(call: Dialogue) -> tuple[Tensor, Tensor]:
    """Every turn of the agent with every request that was stated before it, and whether it responds to it."""
    pairs, linked = [], []
    for row, (turn, about) in enumerate(zip(call.turns, call.responses, strict=True)):
        if turn.speaker == "agent":
            stated = [(earlier, kind) for earlier in range(row) for kind in sorted(call.turns[earlier].kinds)]
            pairs += [(row, earlier, KINDS.index(kind)) for earlier, kind in stated]
            linked += [float(kind in about) for _, kind in stated]
    return torch.tensor(pairs, dtype=torch.long).reshape(-1, 3), torch.tensor(linked)


def heard_of(call: Dialogue) -> Tensor:
    """For every kind whether the agent responds to it at all."""
    about = frozenset[str]().union(*call.responses)
    return torch.tensor([float(kind in about) for kind in KINDS])


def prepare(calls: Sequence[Dialogue], encoder: Encoder) -> list[Example]:
    return examples_of(calls, vectors_of(calls, encoder))


def vectors_of(calls: Sequence[Dialogue], encoder: Encoder) -> Tensor:
    """Vectors of all turns of all calls, (turns, WIDTH)."""
    return torch.from_numpy(encoder.embed([turn.text for call in calls for turn in call.turns]))


def examples_of(calls: Sequence[Dialogue], vectors: Tensor) -> list[Example]:
    """The calls as tensors; `vectors` are those of all their turns, in order."""
    at, examples = 0, []
    for call in calls:
        targets, mask = targets_of(call)
        own = vectors[at : at + len(call.turns)]
        at += len(call.turns)
        speakers = torch.from_numpy(speaker_indices([turn.speaker for turn in call.turns]))
        examples.append(
            Example(own, speakers, torch.from_numpy(targets), torch.from_numpy(mask), *pairs_of(call), heard_of(call))
        )
    if at != len(vectors):
        raise ValueError(f"{len(vectors)} vectors for {at} turns: the calls have changed since they were embedded")
    return examples


def label_weights(examples: Sequence[Example]) -> Tensor:
    """Rare labels count more, up to MAX_WEIGHT."""
    hits = sum((example.targets * example.mask).sum(0) for example in examples)
    seen = sum(example.mask.sum(0) for example in examples)
    return ((seen - hits) / hits.clamp(min=1)).sqrt().clamp(1.0, MAX_WEIGHT)  # type: ignore[union-attr]


def train_member(examples: Sequence[Example], seed: int, weights: Tensor, *, alone: bool = False) -> TurnTagger:
    """One tagger; `alone` is for comparison, it reads every turn without its call."""
    torch.manual_seed(seed)
    order = np.random.default_rng(seed)
    model = TurnTagger(hidden=HIDDEN, width=examples[0].vectors.shape[1])
    everything = torch.cat([example.vectors for example in examples])
    model.mean.copy_(everything.mean(0))
    model.scale.copy_(everything.std(0))
    if alone:
        model.forget_context()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * -(-len(examples) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE * 2, total_steps=steps)
    model.train()
    for _ in range(EPOCHS):
        shuffled = order.permutation(len(examples))
        for start in range(0, len(examples), BATCH):
            optimiser.zero_grad()
            batch = [examples[int(number)] for number in shuffled[start : start + BATCH]]
            loss_of(model, batch, weights).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if alone:
                model.forget_context()
    return model.eval()


def train_members(vectors: Tensor) -> list[TurnTagger]:
    """The ensemble, each tagger in a process of its own; `vectors` are those of `written_and_misheard` calls."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.safetensors"
        save_file({"vectors": vectors}, str(path))
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            states = list(pool.map(_member_from, repeat(path), range(MEMBERS)))
    members = [TurnTagger(hidden=HIDDEN) for _ in states]
    for member, state in zip(members, states, strict=True):
        member.load_state_dict({name: torch.from_numpy(value) for name, value in state.items()})
    return [member.eval() for member in members]


def _member_from(path: Path, seed: int) -> dict[str, NDArray[np.float32]]:
    torch.set_num_threads(1)  # the matrices are small
    examples = examples_of(written_and_misheard(training_calls()), load_file(str(path))["vectors"])
    member = train_member(examples, seed, label_weights(examples))
    print(f"trained tagger {seed}", flush=True)
    return {name: value.numpy() for name, value in member.state_dict().items()}


def loss_of(model: TurnTagger, batch: Sequence[Example], weights: Tensor) -> Tensor:
    """What a tagger gets wrong in some calls: labels of turns, links of responses, and requests that are heard."""
    lengths = torch.tensor([len(example.vectors) for example in batch])
    logits, states = model(_padded(batch, "vectors"), _padded(batch, "speakers"), lengths)
    loss = label_loss(logits, _padded(batch, "targets"), _padded(batch, "mask"), weights)
    fits = torch.cat([links_of(model, own, example) for own, example in zip(states, batch, strict=True)])
    linked = torch.cat([example.linked for example in batch])
    if len(linked):
        loss = loss + LINK_WEIGHT * nn.functional.binary_cross_entropy_with_logits(fits, linked)
    return loss + HEARD_WEIGHT * heard_loss(fits, batch)


def label_loss(logits: Tensor, targets: Tensor, mask: Tensor, weights: Tensor) -> Tensor:
    """Mean log loss over the labels that count, rare ones counting more; all of shape (..., labels)."""
    losses = nn.functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none")
    return (losses * mask).sum() / mask.sum()


def links_of(model: TurnTagger, states: Tensor, example: Example) -> Tensor:
    """Logits of the pairs of one call; a kind is forgotten now and then, since it can be wrong when it is used."""
    responses, requests, kinds = example.pairs.T
    marks = nn.functional.one_hot(kinds, len(KINDS)).float()
    if model.training:
        marks = marks * (torch.rand(len(marks), 1) >= KIND_DROPOUT)
    return model.link(states[responses], states[requests], marks, responses - requests)


def heard_loss(fits: Tensor, batch: Sequence[Example]) -> Tensor:
    """Whether anything responds to a kind of request is told by the likeliest response to it (multiple instances)."""
    found, wanted, at = [], [], 0
    for example in batch:
        own = fits[at : at + len(example.pairs)]
        at += len(example.pairs)
        for kind in example.pairs[:, 2].unique():
            found.append(own[example.pairs[:, 2] == kind].max())
            wanted.append(example.heard[kind])
    if not found:
        return fits.sum()
    return nn.functional.binary_cross_entropy_with_logits(torch.stack(found), torch.stack(wanted))


def _padded(batch: Sequence[Example], name: str) -> Tensor:
    return nn.utils.rnn.pad_sequence([getattr(example, name) for example in batch], batch_first=True)


def train_role(examples: Sequence[Example]) -> RoleHead:
    torch.manual_seed(0)
    vectors = torch.cat([example.vectors for example in examples])
    agent = torch.cat([example.speakers == 0 for example in examples]).float()
    head = RoleHead()
    optimiser = torch.optim.AdamW(head.parameters(), lr=0.05, weight_decay=1e-3)
    for _ in range(300):
        optimiser.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(head(vectors), agent).backward()
        optimiser.step()
    return head.eval()


def logits_of(members: Sequence[TurnTagger], example: Example) -> Tensor:
    with torch.inference_mode():
        return torch.stack([member.one(example.vectors, example.speakers)[0] for member in members]).mean(0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """From logits to probabilities, sigmoid((logit - offset) / temperature), and from which one a label holds.

    The loss counts hits of rare labels more, which lifts their logits by the logarithm of the weight: the offset."""

    offsets: Tensor
    temperature: float
    thresholds: tuple[float, ...]


def calibrate(members: Sequence[TurnTagger], held_out: Sequence[Example], weights: Tensor) -> Calibration:
    """Temperature with the lowest log loss and thresholds with the best F1 on calls that nobody trained on."""
    logits = torch.cat([logits_of(members, example) for example in held_out]) - weights.log()
    targets, mask = (torch.cat([getattr(example, name) for example in held_out]) for name in ("targets", "mask"))
    temperature = temperature_of(logits, targets, mask)
    probabilities, seen, wanted = torch.sigmoid(logits / temperature).numpy(), mask.numpy() > 0, targets.numpy()
    usual = best_threshold(probabilities[seen], wanted[seen])
    thresholds = tuple(
        max(threshold_of(probabilities[seen[:, column], column], wanted[seen[:, column], column], usual), least)
        for column, least in enumerate(AT_LEAST.get(label, 0.0) for label in LABELS)
    )
    return Calibration(weights.log(), temperature, thresholds)


def temperature_of(logits: Tensor, targets: Tensor, mask: Tensor) -> float:
    grid = [round(0.5 + 0.1 * step, 1) for step in range(26)]
    losses = [
        (nn.functional.binary_cross_entropy_with_logits(logits / t, targets, reduction="none") * mask).sum().item()
        for t in grid
    ]
    return grid[int(np.argmin(losses))]


def best_threshold(probabilities: NDArray[np.float32], targets: NDArray[np.float32]) -> float:
    grid = np.arange(0.1, 0.81, 0.025)
    f1 = [2 * (t := probabilities >= limit)[targets > 0].sum() / max(t.sum() + targets.sum(), 1) for limit in grid]
    return float(grid[int(np.argmax(f1))])


def threshold_of(probabilities: NDArray[np.float32], targets: NDArray[np.float32], usual: float) -> float:
    """The threshold of one label, pulled towards what is usual the more, the fewer hits it is told by."""
    hits = float(targets.sum())
    best = best_threshold(probabilities, targets) if hits else usual
    return round((hits * best + PULL * usual) / (hits + PULL), 3)


def save(
    folder: Path, members: Sequence[TurnTagger], role: RoleHead, calibration: Calibration, calls: Sequence[Dialogue]
) -> None:
    """Write heads.safetensors and heads.json beside the adapter that stands in the folder."""
    tensors = {f"role.{name}": value for name, value in role.state_dict().items()}
    for number, member in enumerate(members):
        tensors |= {f"member{number}.{name}": value for name, value in member.state_dict().items()}
    save_file({name: value.half().contiguous() for name, value in tensors.items()}, str(folder / "heads.safetensors"))
    data = b"".join((folder / f"{name}.safetensors").read_bytes() for name in ("heads", "adapter"))
    settings = {
        "version": VERSION,
        "sha256": hashlib.sha256(data).hexdigest(),
        "members": len(members),
        "hidden": HIDDEN,
        "temperature": calibration.temperature,
        "labels": LABELS,
        "offsets": [round(float(offset), 4) for offset in calibration.offsets],
        "thresholds": calibration.thresholds,
        "trained_on_calls": len(calls),
        "trained_on_turns": sum(len(call.turns) for call in calls),
        "kinds": KINDS,
    }
    (folder / "heads.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def training_calls() -> list[Dialogue]:
    """The calls as written, and some of them as they were read aloud and recognised."""
    calls = [*read_folder(HERE / "data"), *read_folder(HERE / "heard")]
    return [call for call in calls if call.id.split("-")[1] not in LATER]


def written_and_misheard(calls: Sequence[Dialogue]) -> list[Dialogue]:
    """The calls as they are, and behind them all of them as a recogniser would write them."""
    return [*calls, *map(as_recognised, calls)]


def main() -> None:
    started = time.monotonic()
    calls, development = training_calls(), written_and_misheard(read_folder(HERE / "dev"))
    print(f"training on {len(calls)} calls, calibrating on {len(development) // 2}", flush=True)
    encoder = Encoder(HERE / "heads" / "adapter.safetensors")
    versions = written_and_misheard(calls)
    vectors, held_out = vectors_of(versions, encoder), prepare(development, encoder)
    print(f"vectors of {len(vectors)} turns after {time.monotonic() - started:.0f} s", flush=True)
    torch.set_num_threads(1)  # how sums are split among threads must not change a digit
    members = train_members(vectors)
    examples = examples_of(versions, vectors)
    calibration = calibrate(members, held_out, label_weights(examples))
    save(HERE / "heads", members, train_role(examples), calibration, calls)
    print(f"temperature {calibration.temperature}; wrote {HERE / 'heads'} after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
