"""How a tier's own counts of prompt tokens compare with estimates made from bytes."""

from __future__ import annotations

__all__ = ["Calibration"]

_WEIGHT = 0.1
"""What the latest answer counts for, once there have been ten; before that each counts the same."""
_SMALLEST = 200
"""Estimated tokens. Below that a chat template's own tokens outweigh the prompt's."""
_ENOUGH = 3
"""Answers after which a ratio is believed."""
_LEAST_LIKELY = 0.75
"""What is certain at most, whatever has been seen: a tier that has counted base64 counts prose at half of that."""
_PROVES = 5_000
"""Estimated tokens from which on a count that is far too low can only mean that part of the prompt was dropped."""
_TRUSTED, _UNTRIED = 0.9, 0.65
"""What part of an estimate is certain: with a ratio, from one prompt to another; without, from prose to code."""
_LOWEST, _HIGHEST = 0.2, 2.0
"""What no tokenizer goes beyond for text: 15 bytes a token, and one and a half."""


class Calibration:
    """For each tier, by what an estimate is to be multiplied. Learns from the usage that answers report."""

    def __init__(self) -> None:
        self._ratios: dict[str, tuple[float, int]] = {}

    def observe(self, tier_id: str, estimated: int, counted: int | None) -> None:
        """Learns that the tier counted so many tokens where so many were estimated; None teaches nothing."""
        if counted is None or counted <= 0 or estimated < _SMALLEST:
            return
        ratio, observed = self._ratios.get(tier_id, (1.0, 0))
        seen = min(max(counted / estimated, _LOWEST), _HIGHEST)
        weight = max(1 / (observed + 1), _WEIGHT)
        self._ratios[tier_id] = (ratio + weight * (seen - ratio), observed + 1)

    def at_least(self, tier_id: str, estimated: int) -> int:
        """What the tier would hardly count less than.

        To send a prompt that is too long costs less than to refuse one that is not.
        """
        ratio, observed = self._ratios.get(tier_id, (1.0, 0))
        return round(estimated * min(ratio * _TRUSTED, _LEAST_LIKELY if observed >= _ENOUGH else _UNTRIED))

    @staticmethod
    def fewest(estimated: int) -> int | None:
        """What no tokenizer counts less than, whatever it is; None where that proves nothing."""
        return round(estimated * _LOWEST) if estimated >= _PROVES else None

    def estimate(self, tier_id: str, estimated: int) -> int:
        """The estimate, as the tier would probably count; at least 1."""
        ratio, _ = self._ratios.get(tier_id, (1.0, 0))
        return max(1, round(estimated * ratio))
