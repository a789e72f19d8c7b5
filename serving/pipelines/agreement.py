"""How far two networks agree on the lesions of one study."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.domain.finding import Agreement, Confidence, ModelUse, NetworkVolume
from serving.domain.volume import Float64
from serving.pipelines.plane_votes import Votes

HIGH_FROM = 0.90
MODERATE_FROM = 0.70
"""Dice from which two networks agree well, and in part.

Of the eight volumes that the reference networks were trained and tested on (every twelfth slice),
five reach 0.91 to 0.94, and there the result has a Dice of 0.81 to 0.88 against the radiologists'
masks; three reach 0.87 to 0.88, and there it has 0.69 to 0.76. None lies lower: the lower limit
is a choice. Six of the eight were training data, so it is a rule of thumb.
"""

METHOD = (
    "Dice of the two networks' own masks in the lungs (twice what both mark, over the sum of what "
    f"each marks): high from {HIGH_FROM:.2f}, moderate from {MODERATE_FROM:.2f}, else low; high "
    "also where neither marks as much as the smallest lesion reported. The result itself is the "
    "average of both. Networks that learned from the same patients can be wrong together: "
    "agreement shows that the result does not hang on one of them, not that it is right."
)


def agreement(
    votes: Votes,
    voxel_volumes_ml: Float64,
    models: Sequence[ModelUse],
    lung_ml: float,
    smallest_lesion_mm3: float,
) -> Agreement | None:
    """The agreement of two networks; None for any other number of them.

    `votes` lie on the source grid (slices, rows, columns), bit n for network n of `models`;
    `voxel_volumes_ml` holds one volume a slice.
    """
    if len(models) != 2:
        return None
    first, second, both = (_volume_ml(votes, bits, voxel_volumes_ml) for bits in (1, 2, 3))
    nothing = max(first, second) * 1000.0 < smallest_lesion_mm3 or first + second == 0
    dice = None if nothing else 2.0 * both / (first + second)
    networks = tuple(
        NetworkVolume(
            model=use.name,
            version=use.version,
            lesion_volume_ml=ml,
            lesion_percent=100.0 * ml / lung_ml if lung_ml else None,
        )
        for use, ml in zip(models, (first, second), strict=True)
    )
    confidence = _confidence(dice)
    return Agreement(
        confidence=confidence,
        dice=dice,
        networks=networks,
        sentence=_sentence(confidence, dice, networks),
        method=METHOD,
    )


def _volume_ml(votes: NDArray[np.uint8], bits: int, voxel_volumes_ml: Float64) -> float:
    """Of the voxels that have all of `bits`."""
    wanted = np.uint8(bits)
    counts = [np.count_nonzero((plane & wanted) == wanted) for plane in votes]
    return float(np.asarray(counts) @ voxel_volumes_ml)


def _confidence(dice: float | None) -> Confidence:
    if dice is None or dice >= HIGH_FROM:
        return Confidence.HIGH
    return Confidence.MODERATE if dice >= MODERATE_FROM else Confidence.LOW


def _sentence(confidence: Confidence, dice: float | None, networks: Sequence[NetworkVolume]) -> str:
    if dice is None:
        return (
            "Neither of the two networks marks a lesion; one that both miss is still possible, so "
            "read the images as usual."
        )
    volumes = " and ".join(f"{n.lesion_volume_ml:.1f} ml by {n.model}" for n in networks)
    told = f"(Dice {dice:.2f}; {volumes})"
    if confidence is Confidence.HIGH:
        return f"The two networks mark largely the same lesions {told}."
    if confidence is Confidence.MODERATE:
        return (
            f"The two networks agree in part {told}: check the outlines on the images before "
            "using the volumes, per cents or score."
        )
    return (
        f"The two networks disagree {told}: judge the extent of disease from the images, not from "
        "the volumes, per cents or score given here."
    )
