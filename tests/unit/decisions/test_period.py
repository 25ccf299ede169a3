from __future__ import annotations

import pytest

from anvil_serving.decisions.period import instant

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", NOW - 90),
        ("30m", NOW - 1_800),
        ("2h", NOW - 7_200),
        (" 7d ", NOW - 604_800),
        ("4w", NOW - 2_419_200),
        ("2026-09-21T14:13:20+00:00", NOW),
        ("2026-09-21T14:13:20Z", NOW),
        ("2026-09-21 16:13:20+02:00", NOW),
    ],
)
def test_moments(text: str, moment: float) -> None:
    assert instant(text, NOW) == moment


def test_a_date_is_of_this_machines_zone() -> None:
    assert instant("2026-09-21", NOW) == instant("2026-09-21T00:00", NOW)


@pytest.mark.parametrize(
    "text", ["", "h", "2", "2y", "-2h", "2.5h", "yesterday", "2026-13-01", "9" * 5_000 + "d", "\u0663h"]
)
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment: write 2h"):
        instant(text, NOW)
