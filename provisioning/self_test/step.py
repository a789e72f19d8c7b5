"""The step `record_self_test`: runs every variant on the same inputs and keeps the answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from provisioning.manifest_file import model_file
from provisioning.self_test.expectation import LEAST_TOLERANCE, Expectation, rounded
from provisioning.self_test.inputs import make_inputs
from provisioning.self_test.order import Recorded, SelfTestOrder
from provisioning.self_test.tensor_file import write_tensors
from provisioning.self_test.variant_run import UNCOMPARED, VariantRun
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest, SelfTest, TensorEntry
from serving.domain.slices import Progress
from serving.domain.tensor import AnyArray, TensorSpec
from serving.engine.tensor_archive import MOST_BYTES, read_tensors

INPUTS, OUTPUTS = "self_test/inputs.npz", "self_test/outputs.npz"
FP32 = "fp32"


def record_self_test(order: SelfTestOrder, report: Progress) -> Recorded:
    """Writes the two files, or says why no output can be compared.

    Raises InvalidRequest where a variant does not compile, or not run on what others ran on, and
    where given inputs do not fit.
    """
    manifest = order.manifest
    if not manifest.variants:
        return Recorded(reason="the model has no variant that the engine runs")
    if any(entry.datatype in UNCOMPARED for entry in manifest.inputs):
        return Recorded(reason="an input holds text or bfloat16, which .npz files cannot")
    inputs = make_inputs(manifest, manifest.variants[reference_of(manifest)], order.inputs)
    if sum(array.nbytes for array in inputs.values()) > MOST_BYTES:
        return Recorded(reason=f"its inputs take more than {MOST_BYTES >> 20} MiB")
    report(0.0, "recording the self-test")
    try:
        expectation = _reference_answers(order, inputs)
    except InvalidRequest as error:
        if order.inputs is not None:
            raise
        return Recorded(reason=error.message)  # generated inputs fit no such network
    _compare_others(order, inputs, expectation, report)
    return _keep(order, inputs, expectation)


def reference_of(manifest: ModelManifest) -> str:
    """The variant whose answers are expected of all: FP32 where there is one."""
    return FP32 if FP32 in manifest.variants else manifest.default_variant


def _reference_answers(order: SelfTestOrder, inputs: dict[str, AnyArray]) -> Expectation:
    """Run twice: an output that differs from run to run is no test."""
    name = reference_of(order.manifest)
    run = VariantRun(order.folder, order.manifest, name)
    answers = run.answers(inputs)
    expectation = Expectation({output: rounded(answer) for output, answer in answers.items()})
    expectation.compare(name, run.answers(inputs), is_native=run.is_native)
    return expectation


def _compare_others(
    order: SelfTestOrder, inputs: dict[str, AnyArray], expectation: Expectation, report: Progress
) -> None:
    names = [name for name in order.manifest.variants if name != reference_of(order.manifest)]
    for at, name in enumerate(names, start=1):
        report(at / (len(names) + 1), f"{name}: comparing its answers")
        run = VariantRun(order.folder, order.manifest, name)
        expectation.compare(name, run.answers(inputs), is_native=run.is_native)


def _keep(order: SelfTestOrder, inputs: dict[str, AnyArray], expectation: Expectation) -> Recorded:
    kept = expectation.kept()
    left_out = tuple(entry.name for entry in order.manifest.outputs if entry.name not in kept)
    if not kept:
        return Recorded(
            reason="its variants answer too differently, or only zeros, on these inputs",
            left_out=left_out,
        )
    _write(order.folder / INPUTS, inputs, order.manifest.inputs)
    _write(order.folder / OUTPUTS, kept, order.manifest.outputs)
    test = SelfTest(
        inputs=model_file(order.folder, INPUTS),
        outputs=model_file(order.folder, OUTPUTS),
        tolerance=LEAST_TOLERANCE,
        tolerances=expectation.tolerances(),
    )
    return Recorded(self_test=test, left_out=left_out)


def _write(path: Path, arrays: dict[str, AnyArray], entries: Sequence[TensorEntry]) -> None:
    """Writes, and reads as a box does: a self-test that no box can read would stop the model."""
    write_tensors(path, arrays)
    specs = [TensorSpec(entry.name, entry.datatype, entry.shape) for entry in entries]
    if read_tensors(path, specs).keys() != arrays.keys():
        raise InvalidRequest(f"{path.name} cannot hold the names of the model's tensors")
