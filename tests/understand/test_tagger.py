"""The tagger that runs computes what the tagger that was trained computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analyzer.acts import KINDS, LABELS
from analyzer.understand.encoder import WIDTH
from analyzer.understand.tagger import RoleHead, TurnTagger, near, sigmoid, speaker_indices


@pytest.mark.parametrize("turns", [1, 2, 17])
def test_numpy_and_torch_agree(turns: int) -> None:
    from models import tagger as trained

    torch.manual_seed(turns)
    taught = trained.TurnTagger().eval()
    vectors = torch.randn(turns, WIDTH)
    speakers = torch.randint(0, 3, (turns,))
    rows = torch.cartesian_prod(torch.arange(turns), torch.arange(turns), torch.arange(len(KINDS)))
    with torch.inference_mode():
        logits, states = taught.one(vectors, speakers)
        marks = torch.eye(len(KINDS))[rows[:, 2]]
        links = taught.link(states[rows[:, 0]], states[rows[:, 1]], marks, rows[:, 0] - rows[:, 1])

    tagger = TurnTagger({name: value.numpy() for name, value in taught.state_dict().items()})
    found, found_links = tagger(vectors.numpy(), speakers.numpy())

    assert found.shape == (turns, len(LABELS))
    np.testing.assert_allclose(found, logits.numpy(), atol=1e-5)
    np.testing.assert_allclose(found_links, links.numpy().reshape(turns, turns, len(KINDS)), atol=1e-5)


def test_the_role_head_agrees_too() -> None:
    from models import tagger as trained

    torch.manual_seed(0)
    taught = trained.RoleHead().eval()
    vectors = torch.randn(5, WIDTH)
    head = RoleHead({name: value.detach().numpy() for name, value in taught.state_dict().items()})

    with torch.inference_mode():
        np.testing.assert_allclose(head.log_odds(vectors.numpy()), taught(vectors).numpy(), atol=1e-5)


def test_sigmoid_is_finite_far_out() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == [0, 0.5, 1]


def test_two_turns_away_is_near_and_three_is_not() -> None:
    assert near(np.array([0, 2, -2, 3], np.float32))[:, 0].tolist() == [1, 1, 1, 0]


def test_an_unknown_speaker_is_a_fault() -> None:
    with pytest.raises(ValueError, match="not in"):
        speaker_indices(["agent", "robot"])
