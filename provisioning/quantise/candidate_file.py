"""A candidate as files, which are what is judged and kept."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioning.quantise.execution_graph import KernelCount, count_kernels
from provisioning.quantise.predictions import compile_model
from provisioning.quantise.workbench import Candidate
from serving.engine.runtime import ov

KEPT = "int8"
_TRIED = "int8-tried"


def save(candidate: Candidate, folder: Path) -> Path:
    """Writes the IR into `folder`, the floating point rest as FP16; returns its xml.

    Whatever that rounding changes is in the verdict, since the file is what is judged.
    """
    path = folder / _TRIED / "model.xml"
    path.parent.mkdir(exist_ok=True)
    ov.save_model(candidate.model, path, compress_to_fp16=True)
    return path


def discard(folder: Path) -> None:
    """Removes what was tried last, if anything."""
    shutil.rmtree(folder / _TRIED, ignore_errors=True)


def keep(folder: Path) -> Path:
    """Gives what was tried last its place in the version; returns its xml."""
    shutil.rmtree(folder / KEPT, ignore_errors=True)
    (folder / _TRIED).rename(folder / KEPT)
    return folder / KEPT / "model.xml"


def kernels(model: Path, hint: str) -> KernelCount:
    """What the IR at `model` runs in on this machine. Raises InvalidRequest."""
    return count_kernels(compile_model(model, hint))
