"""`make bench-gate DATA=folder`: the shipped INT8 variants judged anew on the patient held out.

Beside each a harmed one, whose activations take steps sixteen times as coarse: what lets that pass
would let anything pass. `DATA` holds the volumes that the networks were trained on (their cards).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from loadtests.bench.outcome import Bar, Outcome
from provisioning.quantise.data_sets import Judged
from provisioning.quantise.gate import worst
from provisioning.quantise.judging import Judging
from provisioning.quantise.settings import MAX_ACCURACY_DROP_POINTS
from provisioning.zoo.covid_ct_data import TEST, VALIDATE, load_volume
from provisioning.zoo.labelled_sets import whole_set
from serving.domain.manifest import read_manifest
from serving.domain.provenance import AccuracyGate
from serving.domain.slices import Progress
from serving.engine.runtime import ov

PRODUCT = Path("model_repo")
NETWORKS = ("nested_unet_covid", "hrnet_covid")
INT8, FP32 = "int8", "fp32"
COARSER = 16
NOTE = "The worse of Dice pooled and per slice; paired bootstrap over slices of one patient: n = 1."


def main(data: Annotated[Path, typer.Option(help="Folder of coronacases_*.npz.")]) -> None:
    """Runs every variant on the held-out patient, prints the table and writes bench/gate.json."""
    if not (data / f"{TEST[0]}.npz").is_file():
        sys.exit(f"bench-gate: {data} holds no {TEST[0]}.npz; give the folder with DATA=")
    judged = Judged(
        "segmentation",
        *(
            whole_set(name, [load_volume(data / f"{case}.npz") for case in cases])
            for name, cases in (("validation", VALIDATE), ("held_out", TEST))
        ),
    )
    outcome = summarise({name: judge_network(PRODUCT / name / "1", judged) for name in NETWORKS})
    outcome.show()
    outcome.save()


def judge_network(folder: Path, judged: Judged) -> dict[str, AccuracyGate]:
    """The worst gate of the shipped and of the harmed INT8 variant of the version in `folder`."""
    variants = read_manifest(folder).variants
    judging = Judging(folder / variants[FP32].model, judged, MAX_ACCURACY_DROP_POINTS)
    hint, model = variants[INT8].inference_precision, folder / variants[INT8].model
    with tempfile.TemporaryDirectory(prefix="aibox-gate-") as scratch:
        tried = {"shipped": model, "harmed": harmed(model, Path(scratch))}
        return {
            name: worst(judging.on_held_out(path, hint, _told(f"{folder.parent.name} {name}: ")))
            for name, path in tried.items()
        }


def harmed(model: Path, folder: Path) -> Path:
    """A copy of an INT8 IR whose activations are rounded in steps `COARSER` times as wide."""
    network = ov.Core().read_model(model)
    for op in network.get_ordered_ops():
        if op.get_type_name() == "FakeQuantize":
            for place in range(1, 5):
                bound = op.input_value(place).get_node()
                wide = ov.op.Constant(np.asarray(bound.data * COARSER, np.float32))
                op.input(place).replace_source_output(wide.output(0))
    path = folder / "model.xml"
    ov.save_model(network, path)
    return path


def summarise(found: dict[str, dict[str, AccuracyGate]]) -> Outcome:
    """A row a variant; the shipped ones must hold the limit and the harmed ones must not."""
    rows: list[dict[str, str | float]] = []
    bars = []
    for network, gates in found.items():
        for name, gate in gates.items():
            facts = {"network": network, "variant": name, "metric": gate.metric}
            points = {"drop_points": gate.drop_points, "upper_points": gate.upper_points}
            rows.append({**facts, **points, "slices": float(gate.units)})
            title = f"{network}, {name} INT8: upper 95 % bound of the drop, points"
            bars.append(Bar(title, gate.upper_points, gate.limit_points, at_most=name == "shipped"))
    return Outcome("gate", rows, bars, [NOTE])


def _told(prefix: str) -> Progress:
    def report(share: float, stage: str) -> None:
        end = "\n" if share >= 1.0 else ""
        print(f"\r{prefix}{stage:<40}{share:4.0%}", end=end, file=sys.stderr, flush=True)

    return report


if __name__ == "__main__":
    typer.run(main)
