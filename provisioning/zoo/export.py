"""Turn a checkpoint into what a box serves: `python -m provisioning.zoo.export --help`.

Writes `fp32/model.xml` and `.bin` (FP16-compressed weights) into a model version's folder,
checks the IR against torch, scores it on every patient under both precisions, and writes
`metrics.json`, `model.toml` and the figures of `MODEL_CARD.md` beside it.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray

from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE, load_volume
from provisioning.zoo.describe import write_card_figures, write_manifest, write_metrics
from provisioning.zoo.metrics import Metrics, RunFacts, score_patients
from provisioning.zoo.nested_unet import NestedUNet
from provisioning.zoo.segmenter import Served

INPUT, OUTPUT = "hu", "probability"
SIDE = 256


@dataclass(frozen=True)
class Checkpoint:
    """A trained network and the facts of its run that the manifest repeats."""

    network: NestedUNet
    step: int
    steps: int
    seed: int


def read_checkpoint(path: Path) -> Checkpoint:
    """The averaged weights of a file that training wrote."""
    state = torch.load(path, weights_only=True)
    network = NestedUNet()
    network.load_state_dict(state["average"])
    return Checkpoint(network.eval(), state["step"], state["steps"], state["seed"])


def to_openvino(network: NestedUNet, side: int = SIDE) -> ov.Model:
    """The served graph: `hu` int16 (-1, 1, side, side) to `probability` f32 of that shape."""
    example = torch.zeros((2, 1, side, side), dtype=torch.int16)
    shape = ov.PartialShape([-1, 1, side, side])
    model = ov.convert_model(
        Served(network).eval(), example_input=example, input=[(shape, ov.Type.i16)]
    )
    model.inputs[0].get_tensor().set_names({INPUT})
    model.inputs[0].get_node().set_friendly_name(INPUT)
    model.outputs[0].get_tensor().set_names({OUTPUT})
    model.validate_nodes_and_infer_types()
    return model


def save(model: ov.Model, folder: Path) -> Path:
    """Write `model.xml` and `model.bin` into `folder`, weights as FP16; returns the xml."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.xml"
    ov.save_model(model, path, compress_to_fp16=True)
    return path


def largest_difference(network: NestedUNet, xml: Path, hu: NDArray[np.int16]) -> float:
    """Largest absolute difference of probability, torch FP32 against the IR under f32.

    `hu` is int16 (N, 1, H, W). Most of the difference is the weights' rounding to FP16.
    """
    compiled = ov.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    with torch.no_grad():
        wanted = Served(network).eval()(torch.from_numpy(hu)).numpy()
    return float(np.abs(compiled(hu)[OUTPUT] - wanted).max())


def parity_slices(data: Path, count: int = 16) -> NDArray[np.int16]:
    """`count` slices spread over the lesions of the test patient, int16 (count, 1, H, W)."""
    volume = load_volume(data / f"{TEST[0]}.npz")
    at = np.linspace(0, len(volume.infected) - 1, count).astype(int)
    return np.ascontiguousarray(volume.hu[volume.infected[at]][:, None])


def main() -> None:
    """Command line: which checkpoint, which data to score on, which version folder to fill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="a best.pt or last.pt")
    parser.add_argument("--data", type=Path, required=True, help="folder of coronacases_*.npz")
    parser.add_argument("--version-folder", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    checkpoint = read_checkpoint(options.checkpoint)
    xml = save(to_openvino(checkpoint.network), options.version_folder / "fp32")
    difference = largest_difference(checkpoint.network, xml, parity_slices(options.data))
    print(f"largest difference to torch, f32: {difference:.5f}", flush=True)
    names = [*TRAIN, *VALIDATE, *TEST]
    run = RunFacts(checkpoint.step, checkpoint.steps, checkpoint.seed, difference)
    metrics = Metrics(run, score_patients(xml, options.data, names, options.threads))
    print(write_metrics(metrics, options.version_folder))
    write_manifest(metrics, options.version_folder)
    write_card_figures(metrics, options.version_folder)


if __name__ == "__main__":
    main()
