"""Which channel is the agent: decided from what is said, not from who talks more."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analyzer.call import Speaker

MARGIN = 2.0  # log odds under which the two sides are not told apart
CLIP = 3.0  # one turn counts for no more than this


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is on which channel, and how sure that is (0.5..1)."""

    speakers: Mapping[int, Speaker]
    confidence: float


def given(agent_channel: int, channels: int) -> Roles:
    """Roles that the user states."""
    return Roles({channel: "agent" if channel == agent_channel else "customer" for channel in range(channels)}, 1.0)


def decide(agent_log_odds: Mapping[int, Sequence[float]]) -> Roles:
    """Roles of two channels from the log odds, turn by turn, that an agent says what was said there.

    Both readings of the call are compared: the agent on the first channel, or on the second. Under `MARGIN` both
    stay `unknown`.
    """
    sums = {channel: sum(_clip(odds) for odds in turns) for channel, turns in agent_log_odds.items()}
    if len(sums) != 2:
        return Roles(dict.fromkeys(sums, "unknown"), 0.5)
    first, second = sorted(sums)
    difference = sums[first] - sums[second]
    confidence = 1.0 / (1.0 + math.exp(-min(abs(difference), 50.0)))
    if abs(difference) < MARGIN:
        return Roles({first: "unknown", second: "unknown"}, confidence)
    agent = first if difference > 0 else second
    return Roles({channel: "agent" if channel == agent else "customer" for channel in sums}, confidence)


def _clip(odds: float) -> float:
    return max(-CLIP, min(CLIP, odds))
