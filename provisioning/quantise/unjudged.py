"""INT8 for networks without labelled data, as those of random weights for benchmarks."""

from __future__ import annotations

from pathlib import Path

from provisioning.quantise.candidate_file import discard, keep, kernels, save
from provisioning.quantise.execution_graph import KernelCount
from provisioning.quantise.ladder import LEAST_INT8_SHARE
from provisioning.quantise.post_training import post_training
from provisioning.quantise.workbench import Workbench
from serving.domain.errors import InvalidRequest
from serving.domain.slices import Progress


def quantise_unjudged(bench: Workbench, folder: Path, report: Progress) -> KernelCount:
    """Writes `int8/` into `folder`; returns what it runs in. Raises InvalidRequest."""
    candidates = post_training(bench, report)
    try:
        count = kernels(save(next(candidates), folder), bench.hints[0])
        if count.int8_share < LEAST_INT8_SHARE:
            raise InvalidRequest(
                f"only {count.int8_share:.0%} of the network's arithmetic would run in INT8; "
                "serve it in BF16"
            )
        keep(folder)
    finally:
        discard(folder)
    return count
