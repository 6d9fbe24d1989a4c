"""Figures of agreement against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analyzer.agreement.statistics import accuracy, cell, estimate, f1, kappa, macro_f1


def summed(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_f1_of_hits_missed_and_wrong() -> None:
    assert f1(summed(3, 1, 2)) == pytest.approx(6 / 9)
    assert f1(summed(0, 1, 0)) == 0
    assert math.isnan(f1(summed(0, 0, 0)))


def test_macro_f1_is_the_mean_over_the_classes() -> None:
    table = summed(*[8, 2, 0], *[0, 4, 1], *[0, 0, 5])  # marked in rows

    first, second, third = 16 / 18, 8 / 11, 10 / 11
    assert macro_f1(table) == pytest.approx((first + second + third) / 3)
    assert macro_f1(summed(5, 0, 0, 0)) == 1


def test_macro_f1_is_over_the_classes_that_are_marked() -> None:
    """None, mild, severe and "not judged", which nobody marks: it costs its true class recall and nothing else."""
    judged = summed(*[4, 0, 0, 0], *[0, 2, 0, 0], *[0, 0, 0, 0], *[0, 0, 0, 0])
    abstained = summed(*[3, 0, 0, 1], *[0, 2, 0, 0], *[0, 0, 0, 0], *[0, 0, 0, 0])
    mistaken = summed(*[3, 0, 1, 0], *[0, 2, 0, 0], *[0, 0, 0, 0], *[0, 0, 0, 0])

    recall = 3 / 4
    assert macro_f1(judged) == 1
    assert macro_f1(abstained) == pytest.approx((2 * recall / (1 + recall) + 1) / 2)
    assert macro_f1(mistaken) == macro_f1(abstained)
    assert math.isnan(macro_f1(summed(*[0.0] * 16)))


def test_kappa_takes_chance_out() -> None:
    """The table of Cohen's own kind: 20, 5 / 10, 15 gives 0.4."""
    assert kappa(summed(20, 5, 10, 15)) == pytest.approx(0.4)
    assert kappa(summed(25, 25, 25, 25)) == 0
    assert kappa(summed(9, 0, 0, 0)) == 1
    assert kappa(summed(0, 5, 5, 0)) == -1


def test_accuracy() -> None:
    assert accuracy(summed(1, 4)) == 0.25
    assert math.isnan(accuracy(summed(0, 0)))


def test_a_cell_is_one_in_a_table() -> None:
    assert cell(1, 0, 2) == [0, 0, 1, 0]


def test_the_interval_holds_the_figure_and_shrinks_with_the_calls() -> None:
    few, many = (estimate(f1, [(1, 0, 0), (1, 1, 0), (0, 1, 1)] * times, items=3) for times in (3, 60))

    assert few.value == many.value == pytest.approx(4 / 7, abs=1e-4)
    for held in (few, many):
        assert held.low is not None
        assert held.high is not None
        assert held.low <= 4 / 7 <= held.high
    assert many.high - many.low < (few.high - few.low) / 3  # type: ignore[operator]


def test_the_same_counts_give_the_same_interval() -> None:
    counts = [(1, 0, 0), (0, 2, 1)]
    assert estimate(f1, counts, items=1) == estimate(f1, counts, items=1)


def test_nothing_marked_and_nothing_found_has_no_figure() -> None:
    assert estimate(f1, [(0, 0, 0)] * 3, items=0).value is None
    assert estimate(f1, [], items=0).value is None
