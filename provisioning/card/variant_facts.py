"""One variant as its row of the card's table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from serving.domain.manifest import ModelManifest, Variant

REFERENCE_VARIANT = "fp32"


@dataclass(frozen=True, slots=True)
class VariantFacts:
    """What the manifest says of a variant, and the size of its files on disk."""

    name: str
    variant: Variant
    digest: str
    served_by_default: bool
    size_bytes: int | None
    """None where a file is missing."""
    reference_ms: float
    """Median of the FP32 variant; NaN where it was not timed."""

    @property
    def median_ms(self) -> float:
        return self.variant.speed.median_ms if self.variant.speed else math.nan

    @property
    def minimum_ms(self) -> float:
        return self.variant.speed.minimum_ms if self.variant.speed else math.nan

    @property
    def timed(self) -> bool:
        """Whether its times can be drawn."""
        return _is_time(self.median_ms) and _is_time(self.minimum_ms)

    @property
    def times_faster(self) -> float | None:
        """Ratio of the FP32 median to its own; None where either is missing."""
        if not self.timed or not _is_time(self.reference_ms):
            return None
        return self.reference_ms / self.median_ms


def variant_facts(folder: Path, manifest: ModelManifest) -> tuple[VariantFacts, ...]:
    """The variants in the manifest's order; their files are looked for in `folder`."""
    reference = manifest.variants.get(REFERENCE_VARIANT)
    reference_ms = reference.speed.median_ms if reference and reference.speed else math.nan
    return tuple(
        VariantFacts(
            name=name,
            variant=variant,
            digest=manifest.digest(name),
            served_by_default=name == manifest.default_variant,
            size_bytes=_size(folder, variant),
            reference_ms=reference_ms,
        )
        for name, variant in manifest.variants.items()
    )


def _size(folder: Path, variant: Variant) -> int | None:
    try:
        return sum((folder / file.path).stat().st_size for file in variant.files)
    except OSError:
        return None


def _is_time(value: float) -> bool:
    return math.isfinite(value) and value > 0
