"""Is the encoder's adapting worth it, and the turn's call: `python models/variants.py`. Run it after models/train.py.

Trains the heads four ways with one tagger each (frozen or adapted encoder, every turn alone or read in its call) on the
calls as they are, sets their thresholds as models/train.py does, and prints what they get right on the development
calls, on which the thresholds were set: figures to compare, not to quote. With the ensemble that is shipped as the
fifth. Seeded; about twenty minutes on two cores.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import torch

from analyzer.acts import LABELS
from analyzer.detect.policy import load_policy
from analyzer.detect.request_ledger import request_ledger
from analyzer.detect.retention_ledger import retention_ledger
from analyzer.understand.encoder import Encoder
from analyzer.understand.model import ActModel, act_model
from models.dialogues import Dialogue, read_folder
from models.evaluate import gold_retention, ignored_kinds, micro_f1, turns_of
from models.train import (
    HERE,
    Example,
    calibrate,
    label_weights,
    prepare,
    save,
    train_member,
    train_role,
    training_calls,
    written_and_misheard,
)

TITLES = ("acts and kinds", "severity right", "attempts after refusal", "kinds by call", "ignored by call")


def measure(model: ActModel, calls: Sequence[Dialogue]) -> tuple[str, ...]:
    """Figures in the order of TITLES."""
    policy = load_policy("house")
    acts, after, kinds, ignored, right = [], [], [], [], 0
    for call in calls:
        gold = turns_of(call, gold=True)
        understood = model.understand(turns_of(call, gold=False), call.language)
        for marked, found in zip(gold, understood.turns, strict=True):
            acts.append(tuple(frozenset((act.act, act.kind) for act in turn.acts) for turn in (marked, found)))
        want, got = gold_retention(call, policy), retention_ledger(understood.turns, policy, understood.topics)
        right += got.severity == call.severity
        after.append((frozenset(want.attempts_after_refusal), frozenset(got.attempts_after_refusal)))
        kept = [attempt.turn for attempt in got.attempts]
        requests = request_ledger(understood.turns, understood.topics, kept)
        kinds.append((frozenset(kind for kind, _ in call.outcomes), frozenset(request.kind for request in requests)))
        found_ignored = any(request.is_ignored for request in requests)
        ignored.append((frozenset(ignored_kinds(call) and ("yes",)), frozenset(("yes",) if found_ignored else ())))
    scores = [micro_f1(pairs)[0] for pairs in (acts, after, kinds, ignored)]  # type: ignore[arg-type]
    shown = [f"{score:.2f}" if score is not None else "-" for score in scores]
    return shown[0], f"{right} of {len(calls)}", *shown[1:]


def variant(
    encoder: Encoder, examples: Sequence[Example], held_out: Sequence[Example], *, alone: bool, folder: Path
) -> ActModel:
    """Heads trained one way, written to a folder and read from there as the program does."""
    weights = label_weights(examples)
    member = train_member(examples, 0, weights, alone=alone)
    shutil.copy(HERE / "heads" / "adapter.safetensors", folder)
    save(folder, [member], train_role(examples), calibrate([member], held_out, weights), ())
    return ActModel(folder, lambda: encoder)


def main() -> None:
    torch.set_num_threads(1)
    act_model().load()  # a fault of the shipped heads is told first
    calls, development = training_calls(), read_folder(HERE / "dev")
    print(f"{'':<36}" + "".join(f"{title:>24}" for title in TITLES))
    for name, adapter in (("frozen", None), ("adapted", HERE / "heads" / "adapter.safetensors")):
        encoder = Encoder(adapter)
        examples = prepare(calls, encoder)
        held_out = prepare(written_and_misheard(development), encoder)
        for way, alone in (("turn alone", True), ("turn in its call", False)):
            with tempfile.TemporaryDirectory() as folder:
                made = variant(encoder, examples, held_out, alone=alone, folder=Path(folder))
                figures = measure(made, development)
            print(f"{f'{name} encoder, {way}':<36}" + "".join(f"{figure:>24}" for figure in figures), flush=True)
    figures = measure(act_model(), development)
    print(f"{'the ensemble that is shipped':<36}" + "".join(f"{figure:>24}" for figure in figures))
    print(f"({len(development)} development calls, {len(LABELS)} labels)")


if __name__ == "__main__":
    main()
