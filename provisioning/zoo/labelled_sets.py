"""The three data sets of the quantisation: `python -m provisioning.zoo.labelled_sets --help`.

Calibration is drawn from the training patients, the ladder searches on the validation patient,
and the verdict is given on the test patient, so no patient is in two of them.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from provisioning.labelled_set import LabelledSet, write_labelled_set
from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE, Volume, load_volume

CALIBRATION_SLICES = 300


def draw_slices(volume: Volume, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` slices in order, half of them with a lesion where there are as many."""
    infected = rng.permutation(volume.infected)
    healthy = rng.permutation(volume.healthy)
    with_lesion = min(len(infected), max(count // 2, count - len(healthy)))
    drawn = np.concatenate([infected[:with_lesion], healthy[: count - with_lesion]])
    return np.sort(drawn)


def calibration_set(volumes: list[Volume], count: int, seed: int) -> LabelledSet:
    """`count` slices, as many of each volume, inputs int16 (n, 1, H, W), without targets."""
    rng = np.random.default_rng(seed)
    each = -(-count // len(volumes))
    drawn = [draw_slices(volume, each, rng) for volume in volumes]
    inputs = np.concatenate([v.hu[at] for v, at in zip(volumes, drawn, strict=True)])
    names = np.repeat([v.name for v in volumes], [len(at) for at in drawn])
    return LabelledSet("calibration", inputs[:, None], names)


def whole_set(name: str, volumes: list[Volume]) -> LabelledSet:
    """Every kept slice in order: inputs int16 and targets bool, both (n, 1, H, W)."""
    inputs = np.concatenate([v.hu for v in volumes])[:, None]
    targets = np.concatenate([v.infection for v in volumes])[:, None]
    names = np.repeat([v.name for v in volumes], [len(v.hu) for v in volumes])
    return LabelledSet(name, inputs, names, targets)


def main() -> None:
    """Command line: where the volumes lie, which folder to fill, which seed draws."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of coronacases_*.npz")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--slices", type=int, default=CALIBRATION_SLICES, help="for calibration")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    train, validate, test = (
        [load_volume(options.data / f"{name}.npz") for name in names]
        for names in (TRAIN, VALIDATE, TEST)
    )
    for labelled in (
        calibration_set(train, options.slices, options.seed),
        whole_set("validation", validate),
        whole_set("held_out", test),
    ):
        path = options.out / f"{labelled.name}.npz"
        write_labelled_set(path, labelled)
        print(f"{path}: {len(labelled)} slices of {len(set(labelled.cases))} patients")


if __name__ == "__main__":
    main()
