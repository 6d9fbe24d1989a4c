"""Which channel is the agent."""

from __future__ import annotations

import pytest

from analyzer.speakers.roles import CLIP, MARGIN, decide, given


def test_the_channel_that_sounds_like_an_agent_is_the_agent() -> None:
    roles = decide({0: [2.0, 1.0], 1: [-2.0, -0.5]})

    assert roles.speakers == {0: "agent", 1: "customer"}
    assert roles.confidence > 0.99


def test_swapped_channels_swap_the_roles() -> None:
    """The order of the channels decides nothing, and the confidence is the same."""
    first, second = decide({0: [2.0], 1: [-1.0]}), decide({0: [-1.0], 1: [2.0]})

    assert second.speakers == {0: "customer", 1: "agent"}
    assert first.confidence == second.confidence


@pytest.mark.parametrize(
    ("difference", "agent"), [(MARGIN, "agent"), (MARGIN - 0.01, "unknown"), (0.0, "unknown"), (-MARGIN, "customer")]
)
def test_roles_are_told_apart_from_the_margin_on(difference: float, agent: str) -> None:
    roles = decide({0: [difference], 1: [0.0]})

    assert roles.speakers[0] == agent
    assert (roles.speakers[1] == "unknown") == (agent == "unknown")
    assert 0.5 <= roles.confidence <= 1.0


def test_one_turn_alone_does_not_outvote_many() -> None:
    """An odd sentence counts for no more than the clip."""
    assert decide({0: [-100.0, 2.0, 2.0, 2.0], 1: [0.0]}).speakers[0] == "agent"
    assert decide({0: [1e9], 1: [0.0]}).confidence == decide({0: [CLIP], 1: [0.0]}).confidence


def test_the_number_of_turns_alone_says_nothing() -> None:
    """Who talks more is not the agent for that."""
    assert set(decide({0: [0.0] * 80, 1: [0.1]}).speakers.values()) == {"unknown"}


def test_a_side_without_a_turn_is_judged_by_the_other() -> None:
    assert decide({0: [], 1: [-3.0, -3.0]}).speakers == {0: "agent", 1: "customer"}


@pytest.mark.parametrize("sides", [{}, {0: [9.0]}, {0: [9.0], 1: [-9.0], 2: [0.0]}])
def test_other_than_two_sides_are_not_told_apart(sides: dict[int, list[float]]) -> None:
    roles = decide(sides)

    assert set(roles.speakers) == set(sides)
    assert set(roles.speakers.values()) <= {"unknown"}
    assert roles.confidence == 0.5


def test_roles_that_are_given_are_taken() -> None:
    assert given(1, 2).speakers == {0: "customer", 1: "agent"}
    assert given(0, 2).speakers == {0: "agent", 1: "customer"}
    assert given(0, 2).confidence == 1.0
