"""What was measured of a model version on its way into the repository; parts of `model.toml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Parity(_Part):
    """How far the converted graph is from the source framework on the same inputs."""

    reference: str
    """The framework and its version, as `onnxruntime 1.32.0`."""
    inputs: str
    """Where the inputs came from: `given` or `generated, seed 7`."""
    count: int
    largest_difference: float
    """Largest |a - b| / max(1, |b|) over all outputs, under the hint f32."""
    tolerance: float


class Source(_Part):
    """The file that a version was made from."""

    format: str
    """onnx, openvino, torch_export or tensorflow."""
    sha256: Sha256
    """Of the file; of the sorted `path sha256` lines where it is a folder."""
    parity: Parity | None = None
    """None where the source is the IR itself and nothing was converted."""


class Speed(_Part):
    """Latency and throughput of a variant on the machine that imported it."""

    median_ms: float
    minimum_ms: float
    per_second: float
    """Inferences a second with every stream busy."""
    shapes: dict[str, tuple[int, ...]]
    """The input shapes timed, by input name."""
    cpu: str
    threads: int
    streams: int
    load_average: float
    openvino: str


class AccuracyGate(_Part):
    """The verdict on a variant: the drop of a metric against the FP32 variant on held-out data.

    Points are hundredths: a Dice of 0.8280 against 0.8265 is a drop of 0.15 points.
    """

    metric: str
    """dice_pooled, dice_per_case, average_precision, auc or accuracy."""
    reference: float
    value: float
    drop_points: float
    upper_points: float
    """Upper 95 % bound of the drop, by a paired bootstrap over `unit`."""
    limit_points: float
    unit: str
    """What is drawn with replacement: slice, image or case."""
    units: int
    cases: int
    """Patients in the held-out data."""

    @property
    def holds(self) -> bool:
        return self.upper_points < self.limit_points


class Rung(_Part):
    """One variant that the ladder tried, kept or not."""

    name: str
    """int8_ptq, int8_accuracy_control, int8_mixed, bf16 or fp32."""
    drop_on_validation_points: float | None = None
    """On the data of the search; None where it was not measured."""
    gates: tuple[AccuracyGate, ...] = ()
    median_ms: float | None = None
    kept: bool
    reason: str
    """Why it was kept or not, in one sentence."""


class Quantisation(_Part):
    """How the INT8 variant was searched; the three data sets share no case."""

    tool: str
    calibration: str
    validation: str
    held_out: str
    rungs: tuple[Rung, ...] = Field(default=())
    int8_layers: int = 0
    """Of the kept variant: nodes that its execution graph runs in i8 or u8 arithmetic."""
    float_layers: int = 0
    """Convolutions and matrix products that stayed in BF16 or FP32."""
