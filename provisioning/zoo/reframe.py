"""Free the size of an exported graph: `python -m provisioning.zoo.reframe --help`.

Version 1 of the Nested U-Net was exported for 256x256 alone and its checkpoint is gone. Its IR
holds no size but that of its input, so the same graph and weights serve every other size too.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from provisioning.zoo.describe import FRAMES, SIDE, RunFacts, describe, write_description

INPUT = "hu"


def reframe(xml: Path, folder: Path) -> Path:
    """Write the IR `xml` with dynamic rows and columns into `folder`; returns the new xml.

    Weights stay as they are stored. Raises ValueError where a size is fixed inside the graph.
    """
    model = ov.Core().read_model(xml)
    model.reshape({INPUT: ov.PartialShape([-1, 1, -1, -1])})
    model.validate_nodes_and_infer_types()
    path = folder / "model.xml"
    ov.save_model(model, path, compress_to_fp16=True)
    _check(xml, path)
    return path


def _check(before: Path, after: Path) -> None:
    """The same bits at the old size, and answers of the input's size at every frame."""
    if not np.array_equal(_answer(before, SIDE, SIDE), _answer(after, SIDE, SIDE)):
        raise ValueError("the reframed graph answers differently at its old size")
    for rows, columns in (*FRAMES, (2 * SIDE, 2 * SIDE)):
        if _answer(after, rows, columns).shape != (2, 1, rows, columns):
            raise ValueError(f"a size is fixed inside the graph: {rows}x{columns} does not fit")


def _answer(xml: Path, rows: int, columns: int) -> NDArray[np.float32]:
    hu = np.random.default_rng(7).integers(-1500, 600, (2, 1, rows, columns), np.int16)
    core = ov.Core()
    model = core.read_model(xml)
    model.reshape({INPUT: list(hu.shape)})
    answer: NDArray[np.float32] = core.compile_model(
        model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )(hu)[0]
    return answer


def main() -> None:
    """Command line: the old model version, the folder to fill, the run that trained it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version-folder", type=Path, required=True, help="of the first format")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(reframe(options.version_folder / "fp32" / "model.xml", options.out))
    run = json.loads((options.version_folder / "metrics.json").read_text("utf-8"))["run"]
    facts = RunFacts(run["step"], run["steps"], run["seed"])
    print(write_description(describe("nested_unet", facts), options.out))


if __name__ == "__main__":
    main()
