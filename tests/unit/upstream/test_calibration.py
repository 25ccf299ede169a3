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


class TestWhatIsCertain:
    def test_of_an_estimate_that_nothing_is_known_of_two_thirds(self) -> None:
        calibration = Calibration()
        assert calibration.at_least("a", 1_000) == 650
        assert calibration.at_least("a", 0) == 0

    def test_after_three_answers_nine_tenths(self) -> None:
        calibration = Calibration()
        for _ in range(3):
            # The ratio is taken at once, and believed only later.
            assert calibration.at_least("a", 1_000) == 650
            calibration.observe("a", 1_000, 800)
        assert calibration.at_least("a", 1_000) == 720
        assert calibration.at_least("b", 1_000) == 650

    def test_what_was_counted_once_is_not_held_against_everything(self) -> None:
        """Base64 counts twice as many tokens a byte as prose: a tier that has read some is not to refuse the other."""
        calibration = Calibration()
        for _ in range(10):
            calibration.observe("a", 1_000, 1_500)
        assert calibration.at_least("a", 1_000) == 750

    def test_it_is_less_than_what_is_probable(self) -> None:
        calibration = Calibration()
        for counted in (300, 1_900, 700, 1_000, 10**9):
            assert calibration.at_least("a", 5_000) < calibration.estimate("a", 5_000)
            calibration.observe("a", 1_000, counted)
        assert calibration.at_least("a", 5_000) < calibration.estimate("a", 5_000)
