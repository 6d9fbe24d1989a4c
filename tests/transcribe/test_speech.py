"""Speech without its silences, and the way back to times of the call."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.call import Span
from analyzer.transcribe.speech import CHUNK_LIMIT_MS, SAMPLES_PER_MS, Chunk, pack


def spans_from(steps: list[tuple[int, int]]) -> tuple[Span, ...]:
    """Spans in order without overlap, from pairs of gap and length."""
    found, at = [], 0
    for gap, length in steps:
        found.append(Span(start_ms=at + gap, end_ms=at + gap + length))
        at += gap + length
    return tuple(found)


def counting(spans: tuple[Span, ...]) -> np.ndarray:
    """Samples whose value is their own millisecond in the call."""
    end = max((span.end_ms for span in spans), default=0)
    return np.repeat(np.arange(end, dtype=np.float32), SAMPLES_PER_MS)


SPANS = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 40_000)), max_size=12).map(spans_from)
SHORT_SPANS = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 2000)), min_size=1, max_size=8).map(spans_from)
STRETCHES = st.lists(st.tuples(st.floats(-500, 20_000), st.floats(0, 3000)), min_size=1, max_size=12)


@given(SPANS)
def test_chunks_hold_all_speech_once_and_in_order(spans: tuple[Span, ...]) -> None:
    samples = counting(spans)

    chunks = pack(samples, spans, 1)

    held = np.concatenate([chunk.samples for chunk in chunks]) if chunks else np.zeros(0, np.float32)
    wanted = [samples[span.start_ms * SAMPLES_PER_MS : span.end_ms * SAMPLES_PER_MS] for span in spans]
    assert np.array_equal(held, np.concatenate(wanted) if wanted else np.zeros(0, np.float32))
    assert all(chunk.channel == 1 for chunk in chunks)


@given(SPANS)
def test_no_chunk_is_longer_than_the_window_allows_or_empty(spans: tuple[Span, ...]) -> None:
    chunks = pack(counting(spans), spans, 0)

    assert all(0 < chunk.length_ms <= CHUNK_LIMIT_MS for chunk in chunks)
    assert all(chunk.length_ms == sum(span.length_ms for span in chunk.spans) for chunk in chunks)


@given(SPANS)
def test_chunks_are_filled_before_a_new_one_begins(spans: tuple[Span, ...]) -> None:
    chunks = pack(counting(spans), spans, 0)

    for chunk, following in pairwise(chunks):
        assert chunk.length_ms + following.spans[0].length_ms > CHUNK_LIMIT_MS


def chunk_of(spans: tuple[Span, ...]) -> Chunk:
    return Chunk(0, np.zeros(sum(span.length_ms for span in spans) * SAMPLES_PER_MS, np.float32), spans)


@given(SHORT_SPANS, STRETCHES)
def test_a_word_lies_inside_one_piece_of_speech(spans: tuple[Span, ...], stretches: list[tuple[float, float]]) -> None:
    """Even when a recogniser places it before the start or beyond the end."""
    chunk = chunk_of(spans)

    for start, length in stretches:
        found = chunk.to_call(start, start + length)
        assert any(span.start_ms <= found.start_ms <= found.end_ms <= span.end_ms for span in spans)


@given(SHORT_SPANS, STRETCHES)
def test_words_stay_in_their_order(spans: tuple[Span, ...], stretches: list[tuple[float, float]]) -> None:
    chunk = chunk_of(spans)
    starts, ends = sorted(start for start, _ in stretches), sorted(start + length for start, length in stretches)

    found = [chunk.to_call(start, end) for start, end in zip(starts, ends, strict=True)]

    assert [span.start_ms for span in found] == sorted(span.start_ms for span in found)
    assert [span.end_ms for span in found] == sorted(span.end_ms for span in found)


@given(SHORT_SPANS, st.data())
def test_a_moment_goes_back_to_where_it_was_taken_from(spans: tuple[Span, ...], data: st.DataObject) -> None:
    """What lies inside a piece is moved by a whole number of milliseconds and not stretched."""
    piece = data.draw(st.integers(0, len(spans) - 1))
    offset = sum(span.length_ms for span in spans[:piece])
    start = data.draw(st.integers(0, spans[piece].length_ms - 1))
    end = data.draw(st.integers(start + 1, spans[piece].length_ms))

    found = chunk_of(spans).to_call(offset + start, offset + end)

    assert found == Span(start_ms=spans[piece].start_ms + start, end_ms=spans[piece].start_ms + end)
