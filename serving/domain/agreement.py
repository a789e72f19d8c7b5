"""How far two results of one study agree, whichever releases made them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FindingsAgreement:
    """Result `a` against result `b` of the same images."""

    dice: float
    """Of the two lesion masks, 0 to 1; 1 where neither marks anything."""
    volume_a_ml: float
    """Lesion in both lungs."""
    volume_b_ml: float
    severity_a: int
    severity_b: int

    @property
    def volume_difference_ml(self) -> float:
        """How much more `b` marks than `a`; negative where it marks less."""
        return self.volume_b_ml - self.volume_a_ml

    @property
    def volume_ratio(self) -> float | None:
        """`b` over `a`; None where `a` marks nothing."""
        return self.volume_b_ml / self.volume_a_ml if self.volume_a_ml else None

    @property
    def severity_changed(self) -> bool:
        return self.severity_a != self.severity_b


def dice(in_a: int, in_b: int, in_both: int) -> float:
    """Dice of two masks by their counts of voxels; 1 where both are empty."""
    marked = in_a + in_b
    return 2 * in_both / marked if marked else 1.0
