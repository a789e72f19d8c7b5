"""Takes one study in under a shadow and kills itself: `twin_process.py STATE POINT`.

POINT: `link` at the first image of the twin, `accept` when its folder has its id and no row yet,
`row` right after its row, `never`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from serving.domain.job_store import StudyHeader
from serving.domain.lane import Lane
from serving.domain.model_set import ModelSet, Release, Route, ServedVersion
from serving.domain.pipeline import PipelineInfo
from serving.domain.study import InstanceHeader
from serving.jobs.intake import JobIntake
from serving.jobs.settings import IntakeSettings
from serving.jobs.spool import Spool
from serving.jobs.store import JobStore


def die(*_arguments: object, **_options: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class AnyInspector:
    """Takes the content of a file for its UID."""

    def inspect(self, path):
        return InstanceHeader(path.read_text(), "1", "9.9", "1", "CT", 1, 1, 1, True)

    def check_study(self, headers, pipeline):
        pass


class DyingStore(JobStore):
    point = "never"

    def create(self, job_id, request):
        if request.hidden and self.point == "accept":
            die()
        created = super().create(job_id, request)
        if request.hidden and self.point == "row":
            die()
        return created


class FixedSets:
    """One set, with a shadow."""

    def current(self):
        versions = (1, 2)
        return ModelSet(
            generation=1,
            versions=tuple(
                ServedVersion(name="net", version=n, manifest_sha256="0" * 64) for n in versions
            ),
            labels={"net": {"stable": 1}},
            releases=tuple(
                Release(name="r", version=n, pipeline="p", models={"net": n}) for n in versions
            ),
            routes=(Route(pipeline="p", stable="r@1", shadow="r@2"),),
        )


def main(state: Path, point: str) -> None:
    settings = IntakeSettings(min_free_disk_gb=0)
    store = DyingStore(state / "jobs.sqlite")
    store.point = point
    if point == "link":
        os.link = die
    infos = {"p": PipelineInfo("p", "1", ("net",))}
    spool = Spool(state / "spool", settings)
    intake = JobIntake(store, spool, AnyInspector(), infos, settings, FixedSets())
    study = intake.begin(StudyHeader("p", Lane.ROUTINE))
    for name in (b"1", b"2"):
        study.write(name)
        study.end_instance()
    study.commit()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
