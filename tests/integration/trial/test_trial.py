"""A version is tried in a process of its own: what it does there harms nobody."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from provisioning.trial.trial import SandboxTrial
from serving.domain.errors import CorruptModel
from serving.engine.settings import EngineSettings
from tests.unit.engine import tiny_models as tiny


@pytest.fixture
def trial(tmp_path: Path) -> SandboxTrial:
    return SandboxTrial(EngineSettings(), tmp_path / "cache", lambda share, stage: None)


def test_a_good_version_passes_and_is_compiled_for_every_node(
    trial: SandboxTrial, tmp_path: Path
) -> None:
    folder = tiny.write_version(tmp_path, "relu", tiny.relu([2, 3]))
    trial.try_version(folder, "relu", 1)
    (compiled,) = (tmp_path / "cache" / "node-0").iterdir()
    assert (compiled / "SHA256SUMS").is_file()


def test_it_is_idle_work_from_its_first_import_on(tmp_path: Path) -> None:
    seen: set[int] = set()

    def look(share: float, stage: str) -> None:
        children = psutil.Process().children()
        seen.update(os.sched_getscheduler(child.pid) for child in children)

    folder = tiny.write_version(tmp_path, "relu", tiny.relu([2, 3]))
    SandboxTrial(EngineSettings(), tmp_path / "cache", look).try_version(folder, "relu", 1)
    assert os.SCHED_IDLE in seen


def test_one_that_crashes_the_process_becomes_a_sentence(
    trial: SandboxTrial, tmp_path: Path
) -> None:
    folder = tiny.write_version(tmp_path, "crashing", tiny.crashing())
    with pytest.raises(CorruptModel, match=r"crashing version 1 failed its trial.*SIGSEGV"):
        trial.try_version(folder, "crashing", 1)


def test_a_corrupt_ir_becomes_a_sentence(trial: SandboxTrial, tmp_path: Path) -> None:
    folder = tiny.write_version(tmp_path, "relu", tiny.relu([2, 3]))
    (folder / "fp32" / "model.xml").write_text("<net>")
    with pytest.raises(CorruptModel, match="differs from the digest in its manifest"):
        trial.try_version(folder, "relu", 1)
