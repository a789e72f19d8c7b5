"""Turn a checkpoint into what the factory imports: `python -m provisioning.zoo.export --help`.

Writes `model.onnx` (the served graph: window, network, sigmoid) and `description.toml`;
`aibox models import` makes a model version of the two.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from provisioning.zoo.describe import RunFacts, describe, write_description
from provisioning.zoo.segmenter import SEGMENTERS, Served, make_segmenter

INPUT, OUTPUT = "hu", "probability"
STEP = 32
"""Rows and columns of the served graph are multiples of this."""

TOLERANCE = 1e-4
"""Largest |torch - ONNX| of a probability that passes, both in FP32."""

CHECKED = ((1, 256, 256), (3, 160, 192))
"""Batch, rows and columns that the written graph is compared at."""


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and the facts of its run that its description repeats."""

    network: nn.Module
    run: RunFacts


def read_checkpoint(name: str, path: Path) -> Checkpoint:
    """The averaged weights of a file that training wrote for the network `name`."""
    state = torch.load(path, weights_only=True)
    network = make_segmenter(name)
    network.load_state_dict(state["average"])
    return Checkpoint(network.eval(), RunFacts(state["step"], state["steps"], state["seed"]))


def to_onnx(network: nn.Module, path: Path) -> Path:
    """Write the served graph: `hu` INT16 (n, 1, h, w) to `probability` FP32 of that shape.

    n is any number, h and w any multiples of 32. Nothing in the file names the machine.
    """
    served = Served(network).eval()
    rows, columns = (torch.export.Dim(name, min=1, max=64) for name in ("rows32", "columns32"))
    dynamic = {0: torch.export.Dim("batch", min=1), 2: STEP * rows, 3: STEP * columns}
    program = torch.onnx.export(
        served,
        (torch.zeros((2, 1, 96, 128), dtype=torch.int16),),
        dynamo=True,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_shapes=(dynamic,),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx gave no program")
    onnx.save(_without_traces(program.model_proto), path)
    return path


def largest_difference(network: nn.Module, path: Path, hu: NDArray[np.int16]) -> float:
    """Largest absolute difference of probability, torch against onnxruntime, both FP32.

    `hu` is int16 (N, 1, H, W).
    """
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        wanted = Served(network).eval()(torch.from_numpy(hu)).numpy()
    return float(np.abs(session.run([OUTPUT], {INPUT: hu})[0] - wanted).max())


def check(network: nn.Module, path: Path, seed: int = 7) -> float:
    """Compare at every size of `CHECKED`; the largest difference. Raises over `TOLERANCE`."""
    rng = np.random.default_rng(seed)
    inputs = (rng.integers(-1500, 600, (n, 1, h, w), np.int16) for n, h, w in CHECKED)
    largest = max(largest_difference(network, path, hu) for hu in inputs)
    if not largest <= TOLERANCE:
        raise ValueError(f"{path.name} differs from torch by {largest:.2g}, over {TOLERANCE:g}")
    return largest


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph without the exporter's notes, which hold paths of this machine."""
    graph = model.graph
    noted = (graph.node, graph.input, graph.output, graph.value_info, graph.initializer)
    for part in (model, graph, *(each for parts in noted for each in parts)):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    return model


def main() -> None:
    """Command line: which network, which checkpoint, which folder to fill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=SEGMENTERS, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a best.pt or last.pt")
    parser.add_argument("--out", type=Path, required=True, help="gets the two files")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = read_checkpoint(options.network, options.checkpoint)
    path = to_onnx(checkpoint.network, options.out / "model.onnx")
    print(f"{path}: differs from torch by at most {check(checkpoint.network, path):.2g}")
    print(write_description(describe(options.network, checkpoint.run), options.out))


if __name__ == "__main__":
    main()
