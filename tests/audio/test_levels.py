"""Levels, and which channels can be trusted to tell agent and customer apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.audio.levels import channel_warnings, is_silent, same_signal
from analyzer.audio.recording import Recording

from .media import speech_like, tone

RATE = 16_000


def recording_of(*channels: np.ndarray) -> Recording:
    samples = np.stack(channels).astype(np.float32)
    return Recording(Path("call.wav"), "0" * 64, samples, 8_000, "pcm_s16le", "wav")


def codes_of(*channels: np.ndarray) -> list[str]:
    return [warning.code for warning in channel_warnings(recording_of(*channels))]


@pytest.fixture(scope="module")
def agent() -> np.ndarray:
    """Speaks, then listens, by turns of three seconds."""
    return turns(speech_like(18, 110, seed=1), speaks_first=True)


@pytest.fixture(scope="module")
def customer() -> np.ndarray:
    """Listens, then speaks."""
    return turns(speech_like(18, 210, seed=2), speaks_first=False)


def turns(voice: np.ndarray, *, speaks_first: bool) -> np.ndarray:
    turn = np.arange(voice.size) // (3 * RATE) % 2
    return np.where(turn == (0 if speaks_first else 1), voice, 0).astype(np.float32)


def delayed(channel: np.ndarray, delay_ms: float) -> np.ndarray:
    return np.concatenate([np.zeros(round(delay_ms * 16), np.float32), channel])[: channel.size]


def with_noise(channel: np.ndarray, below_db: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(channel.size) * 10 ** (-below_db / 20)
    return (channel + noise * np.sqrt(np.mean(channel**2))).astype(np.float32)


def test_idle_lines_are_silent() -> None:
    """Nothing, digital zeros, the idle noise of G.711, a constant offset and the click of a switch are silence."""
    idle = np.random.default_rng(0).choice([-8 / 32768, 8 / 32768], RATE).astype(np.float32)
    click = np.zeros(RATE, np.float32)
    click[800:1_000] = 0.5

    for channel in (np.zeros(0), np.zeros(RATE), idle, np.full(RATE, 0.1), click):
        assert is_silent(channel.astype(np.float32))


def test_a_short_word_is_not_silent() -> None:
    """A tenth of a second of sound in a minute of nothing is sound."""
    channel = np.zeros(60 * RATE, np.float32)
    channel[RATE : RATE + RATE // 10] = tone(300, 0.01, 0.1, RATE)

    assert not is_silent(channel)


@pytest.mark.parametrize("gain", [1.0, 0.3, 0.03, -1.0])
@pytest.mark.parametrize("delay_ms", [0.0, 0.5, 12.3, 50.0])
def test_one_signal_on_both_sides(agent: np.ndarray, customer: np.ndarray, gain: float, delay_ms: float) -> None:
    """The same sound counts as the same when it is weaker, inverted or late on either side."""
    mixed = agent + customer

    assert same_signal(mixed, gain * delayed(mixed, delay_ms))
    assert same_signal(gain * delayed(mixed, delay_ms), mixed)


def test_one_signal_with_noise_of_each_side(agent: np.ndarray, customer: np.ndarray) -> None:
    """Noise of 20 dB below the voices on each side does not make two signals of one."""
    mixed = agent + customer

    assert same_signal(with_noise(mixed, 20, 1), with_noise(mixed, 20, 2))


def test_one_speaker_on_both_sides(agent: np.ndarray) -> None:
    """A call in which only one person speaks is dual mono, too."""
    assert same_signal(agent, 0.5 * agent)


@pytest.mark.parametrize("leak", [0.0, 0.01, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("delay_ms", [0.0, 20.0])
def test_cross_talk_is_not_one_signal(agent: np.ndarray, customer: np.ndarray, leak: float, delay_ms: float) -> None:
    """Two speakers stay two when each is heard faintly on the other side."""
    left, right = agent + leak * delayed(customer, delay_ms), customer + leak * delayed(agent, delay_ms)

    assert not same_signal(left, right)


def test_cross_talk_of_a_loud_agent(agent: np.ndarray, customer: np.ndarray) -> None:
    """Nor when one is 20 dB louder, so that the leak is as loud as the other speaker."""
    assert not same_signal(agent + 0.1 * 0.1 * customer, 0.1 * customer + 0.1 * agent)


def test_both_speaking_at_once() -> None:
    """Two voices at the same time are two signals."""
    assert not same_signal(speech_like(6, 110, seed=3), speech_like(6, 200, seed=4))


def test_a_single_word_on_one_side(agent: np.ndarray) -> None:
    """A monologue with its echo on the other side, and one second of an answer there: two speakers."""
    answer = np.zeros_like(agent)
    answer[4 * RATE : 5 * RATE] = speech_like(1, 210, seed=5)

    assert not same_signal(agent, answer + 0.05 * agent)


def test_a_shared_offset_is_not_a_signal(agent: np.ndarray, customer: np.ndarray) -> None:
    """A constant on both sides does not make them one."""
    assert not same_signal(agent + np.float32(0.3), customer + np.float32(0.3))


def test_silence_is_the_same_as_nothing(agent: np.ndarray) -> None:
    """Silence on one or both sides is not dual mono."""
    silence = np.zeros_like(agent)

    assert not same_signal(agent, silence)
    assert not same_signal(silence, silence)


def test_good_channels_have_no_warning(agent: np.ndarray, customer: np.ndarray) -> None:
    """Two speakers, each on one side; one channel for both."""
    assert codes_of(agent, customer) == []
    assert codes_of(agent + customer) == []


def test_a_silent_side_is_named(agent: np.ndarray) -> None:
    """The warning says which side is silent."""
    silence = np.zeros_like(agent)

    assert channel_warnings(recording_of(agent, silence))[0].message.startswith("The right channel is silent")
    assert channel_warnings(recording_of(silence, agent))[0].message.startswith("The left channel is silent")
    assert codes_of(silence, agent) == ["silent-channel"]


def test_dual_mono_is_told(agent: np.ndarray, customer: np.ndarray) -> None:
    """Stereo that does not tell the speakers apart."""
    mixed = agent + customer

    assert codes_of(mixed, 0.5 * mixed) == ["dual-mono"]


def test_a_quiet_side_is_told(agent: np.ndarray, customer: np.ndarray) -> None:
    """A customer 50 dB below the agent."""
    warnings = channel_warnings(recording_of(agent, 0.003 * customer))

    assert [warning.code for warning in warnings] == ["low-level"]
    assert warnings[0].message.startswith("The right channel is very quiet (-6")


def test_an_overdriven_side_is_told(agent: np.ndarray, customer: np.ndarray) -> None:
    """Waves cut flat at full scale."""
    assert codes_of(np.clip(agent * 6, -1, 1), customer) == ["clipping"]
    assert codes_of(np.clip(agent * 6, -1, 1)) == ["clipping"]
