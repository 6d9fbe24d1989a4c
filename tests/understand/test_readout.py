"""Label-wise attention over the tokens of a text."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analyzer.acts import LABELS
from analyzer.understand.encoder import SENTENCE
from analyzer.understand.readout import PREFIX, Readout
from models import tagger as trained

Tensors = dict[str, np.ndarray]


def tensors(taught: trained.Readout) -> Tensors:
    return {PREFIX + name: value.detach().numpy() for name, value in taught.state_dict().items()}


def test_it_reads_what_was_trained() -> None:
    torch.manual_seed(0)
    taught = trained.Readout()
    torch.nn.init.normal_(taught.query)
    states, mask = torch.randn(2, 7, SENTENCE), torch.tensor([[1] * 7, [1] * 4 + [0] * 3])

    wanted = taught(states, mask).detach().numpy()

    readout = Readout(tensors(taught))
    np.testing.assert_allclose(readout(states[0].numpy()), wanted[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(readout(states[1, :4].numpy()), wanted[1], rtol=1e-4, atol=1e-4)


def test_a_label_is_told_by_the_token_that_its_query_seeks() -> None:
    taught = trained.Readout()
    with torch.no_grad():
        taught.query.zero_()
        taught.value.zero_()
        taught.query[0, 0], taught.value[0, 1] = 50.0, 3.0
    states = np.zeros((5, SENTENCE), np.float32)
    states[3, :2] = 1.0  # the token that is sought says 3
    states[1, 1] = -9.0  # this one would say much else, but nobody asks it

    logits = Readout(tensors(taught))(states)

    assert logits[0] == pytest.approx(3.0, abs=1e-3)
    assert not logits[1:].any()


def test_a_readout_of_other_labels_is_refused() -> None:
    short = {name: value[:-1] for name, value in tensors(trained.Readout()).items()}

    with pytest.raises(ValueError, match=f"{len(LABELS) - 1} labels, not {len(LABELS)}"):
        Readout(short)
    with pytest.raises(KeyError, match="readout"):
        Readout({})
