"""Records a self-test where a network that crashes harms nobody."""

from __future__ import annotations

from pathlib import Path

from provisioning.sandbox import Limits, run_step
from provisioning.self_test.order import Recorded, SelfTestOrder
from serving.domain.manifest import ModelManifest
from serving.domain.slices import Progress

STEP = "record_self_test"


def record(
    folder: Path,
    manifest: ModelManifest,
    inputs: Path | None,
    limits: Limits,
    report: Progress,
) -> Recorded:
    """Runs every variant in a child process and writes `self_test/` into the version's folder.

    `model.toml` is the caller's to write. Raises InvalidRequest where a variant does not compile
    or run, or the given inputs are not the model's, and DeadlineExceeded.
    """
    order = SelfTestOrder(
        folder=folder.absolute(),
        manifest=manifest,
        inputs=None if inputs is None else inputs.absolute(),
    )
    recorded = run_step(STEP, order, Recorded, limits, report)
    if recorded.self_test is None:
        report(1.0, f"no self-test: {recorded.reason}")
    return recorded
