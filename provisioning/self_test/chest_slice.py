"""One slice of the synthetic chest: what the chest CT networks that come with the box are asked.

`python -m provisioning.self_test.chest_slice OUT.npz`; it shows no patient, and the same call
gives the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from provisioning.phantom import PhantomSpec, make_phantom
from provisioning.self_test.tensor_file import write_tensors

INPUT = "hu"
SIDE = 256
_FIELD_MM = 379.0


def chest_slice() -> NDArray[np.int16]:
    """Hounsfield units (1, 1, 256, 256) through mid-chest, where five lesions lie."""
    pixel_mm = _FIELD_MM / SIDE
    spec = PhantomSpec(
        slices=1, rows=SIDE, columns=SIDE, spacing_mm=(2.5, pixel_mm, pixel_mm), noise_hu=9.0
    )
    return make_phantom(spec).hu[:, None]


def main() -> None:
    """Command line: where to write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help=".npz to write, for --inputs")
    write_tensors(parser.parse_args().out, {INPUT: chest_slice()})


if __name__ == "__main__":
    main()
