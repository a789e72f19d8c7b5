"""The spool: budgets, crash points, and who may sweep what."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serving.domain.errors import SpoolFull
from serving.jobs.settings import GIB, IntakeSettings
from serving.jobs.spool import Spool


def _all_unknown(job_ids):
    return set(job_ids)


def test_a_folder_being_filled_is_private_and_nobody_sweeps_it(spool):
    folder = spool.open()
    (folder.path / "x").write_bytes(b"1")
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert spool.sweep(_all_unknown) == 0
    folder.accept("job")
    assert spool.sweep(_all_unknown) == 0  # its row may be about to be committed
    folder.release()
    assert spool.sweep(lambda ids: set()) == 0
    assert spool.sweep(_all_unknown, dry_run=True) == 1
    assert spool.folder("job").exists()
    assert spool.sweep(_all_unknown) == 1
    assert not spool.folder("job").exists()


def test_a_row_that_comes_between_the_two_questions_saves_its_folder(spool):
    folder = spool.open()
    folder.accept("job")
    folder.release()
    answers = iter([{"job"}, set()])
    assert spool.sweep(lambda ids: next(answers)) == 0
    assert spool.folder("job").exists()


@pytest.mark.parametrize("accepted", [False, True])
def test_what_a_killed_process_left_is_swept(spool, accepted):
    script = f"""
import os, signal
from pathlib import Path
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
folder = Spool(Path({str(spool.root)!r}), IntakeSettings(min_free_disk_gb=0)).open()
(folder.path / "x").write_bytes(b"1")
if {accepted}:
    folder.accept("job")
os.kill(os.getpid(), signal.SIGKILL)
"""
    died = subprocess.run([sys.executable, "-c", script], check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(list(spool.root.iterdir())) == 1
    assert spool.sweep(_all_unknown) == 1
    assert list(spool.root.iterdir()) == []


def test_the_budget_counts_what_is_there_and_what_is_coming(tmp_path: Path):
    limits = IntakeSettings(spool_max_gb=1000 / GIB, min_free_disk_gb=0)
    spool = Spool(tmp_path / "spool", limits)
    folder = spool.open()
    folder.check_room(600)
    other = spool.open()
    with pytest.raises(SpoolFull, match="spool_max_gb"):
        other.check_room(600)
    other.check_room(400)
    fresh = Spool(tmp_path / "spool", limits)  # another process sees what is on the disk
    (folder.path / "x").write_bytes(b"1" * 1001)
    with pytest.raises(SpoolFull):
        fresh.open()


def test_a_nearly_full_disk_is_refused(tmp_path: Path):
    disk = os.statvfs(tmp_path)
    free_gb = disk.f_bavail * disk.f_frsize / GIB
    spool = Spool(tmp_path / "spool", IntakeSettings(min_free_disk_gb=free_gb + 1))
    with pytest.raises(SpoolFull, match="free some space"):
        spool.open()
    assert list(spool.root.iterdir()) == []
