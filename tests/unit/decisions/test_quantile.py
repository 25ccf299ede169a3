from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.decisions.quantile import Durations


@given(st.lists(st.floats(1e-5, 1e5), min_size=1, max_size=200))
def test_the_median_is_within_five_per_cent(values: list[float]) -> None:
    durations = Durations()
    for value in values:
        durations.add(value)
    assert durations.median() == pytest.approx(statistics.median_low(values), rel=0.05)
    assert durations.mean() == pytest.approx(statistics.fmean(values))


def test_nothing_counted() -> None:
    assert Durations().median() is None
    assert Durations().mean() is None


def test_odd_numbers_stay_within_bounds() -> None:
    durations = Durations()
    for value in (math.nan, -1.0, 0.0, math.inf):
        durations.add(value)
    assert durations.median() == pytest.approx(1e-6, rel=0.06)
