from __future__ import annotations

import pytest

from anvil_serving.upstream import Calibration


def test_an_estimate_stands_until_something_is_known() -> None:
    assert Calibration().estimate("a", 1000) == 1000
    assert Calibration().estimate("a", 0) == 1


def test_the_first_answers_teach_the_most() -> None:
    calibration = Calibration()
    calibration.observe("a", 1000, 700)
    assert calibration.estimate("a", 2000) == 1400
    calibration.observe("a", 1000, 900)
    assert calibration.estimate("a", 2000) == 1600
    for _ in range(20):
        calibration.observe("a", 1000, 800)
    calibration.observe("a", 1000, 1800)
    assert calibration.estimate("a", 1000) == pytest.approx(900, abs=2)


def test_tiers_are_learnt_apart() -> None:
    calibration = Calibration()
    calibration.observe("a", 1000, 500)
    assert (calibration.estimate("a", 1000), calibration.estimate("b", 1000)) == (500, 1000)


@pytest.mark.parametrize(("estimated", "counted"), [(199, 400), (1000, None), (1000, 0), (0, 10)])
def test_what_says_nothing_of_the_tokenizer_teaches_nothing(estimated: int, counted: int | None) -> None:
    calibration = Calibration()
    calibration.observe("a", estimated, counted)
    assert calibration.estimate("a", 1000) == 1000


@pytest.mark.parametrize(("counted", "estimate"), [(1, 200), (10**9, 2000)])
def test_no_usage_can_make_an_estimate_absurd(counted: int, estimate: int) -> None:
    calibration = Calibration()
    calibration.observe("a", 1000, counted)
    assert calibration.estimate("a", 1000) == estimate
