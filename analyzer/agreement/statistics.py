"""Figures of agreement, each with an interval from resampling whole calls.

A figure is computed from counts that are summed over calls, so a resample is a matrix product: rows of `counts` are
calls, columns what is counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.call import Value

RESAMPLES = 2000
Counts = NDArray[np.float64]
Figure = Callable[[Counts], float]


class Estimate(Value):
    """A figure with its 95% interval (percentiles of the bootstrap over calls) and the number of marked items; null
    where nothing was marked or found."""

    value: float | None
    low: float | None = None
    high: float | None = None
    items: int = 0


def f1(summed: Counts) -> float:
    """F1 of (hits, missed, wrong); nan where there is nothing to find and nothing found."""
    hits, missed, wrong = summed
    return 2 * hits / (2 * hits + missed + wrong) if hits + missed + wrong else float("nan")


def accuracy(summed: Counts) -> float:
    """Share of (right, all)."""
    return summed[0] / summed[1] if summed[1] else float("nan")


def macro_f1(summed: Counts) -> float:
    """Mean F1 over the classes that are marked, in a square table with what is marked in rows and found in columns.

    What is found and never marked, as "not judged", is no class of its own: it costs its true class recall.
    """
    table = summed.reshape(_side(summed), -1)
    right, marked, found = table.diagonal(), table.sum(1), table.sum(0)
    there = marked > 0
    return float((2 * right[there] / (marked + found)[there]).mean()) if there.any() else float("nan")


def kappa(summed: Counts) -> float:
    """Cohen's kappa (1960) of a square table; 1 where both sides give one and the same verdict throughout."""
    total = summed.sum()
    if not total:
        return float("nan")
    table = summed.reshape(_side(summed), -1) / total
    observed, chance = table.diagonal().sum(), float(table.sum(1) @ table.sum(0))
    return 1.0 if chance == 1 else float((observed - chance) / (1 - chance))


def _side(summed: Counts) -> int:
    return math.isqrt(len(summed))


def estimate(figure: Figure, counts: Sequence[Sequence[float]], items: int, seed: int = 0) -> Estimate:
    """The figure over all calls, and the interval in which 95% of the resamples lie."""
    table = np.asarray(counts, dtype=np.float64)
    if not len(table) or np.isnan(value := figure(table.sum(0))):
        return Estimate(value=None, items=items)
    chance = np.random.default_rng(seed)
    weights = chance.multinomial(len(table), np.full(len(table), 1 / len(table)), size=RESAMPLES)
    values = np.array([figure(row) for row in weights @ table])
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Estimate(value=round(float(value), 4), low=round(float(low), 4), high=round(float(high), 4), items=items)


def cell(row: int, column: int, side: int) -> list[float]:
    """A square table, row by row, with a single one in it."""
    flat = [0.0] * (side * side)
    flat[row * side + column] = 1.0
    return flat
