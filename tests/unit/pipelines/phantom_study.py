"""A phantom as a study that was read, and a writer that keeps what it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from chest_grids import geometry

from serving.domain.slices import Progress
from serving.domain.study import LoadedStudy, Notice, SeriesChoice, Subject
from serving.domain.volume import Geometry, Volume
from serving.pipelines.analysis import ChestCtAnalysis

PLANTED = "PLANTED^PATIENT"


def loaded(volume: Volume) -> LoadedStudy:
    return LoadedStudy(
        volume=volume,
        subject=Subject(PLANTED, "P-1", "F", "19500101", "1.2.3", "20260101", "", ""),
        series=SeriesChoice("1.2.3.4", "", "the only series", ()),
        notices=(Notice("from_reader", "Something was odd."),),
        transfer_syntaxes=("1.2.840.10008.1.2.1",),
        instance_uids=tuple(f"1.2.3.4.{i}" for i in range(len(volume.hu))),
    )


class PhantomReader:
    """Hands over a study that is in memory already."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume

    def read(self, instances_dir: Path, progress: Progress) -> LoadedStudy:
        progress(1.0, "reading")
        return loaded(self._volume)


class KeepingWriter:
    """Keeps the analysis and leaves a mark in the results folder."""

    def __init__(self) -> None:
        self.analyses: list[ChestCtAnalysis] = []

    def write(self, analysis: ChestCtAnalysis, results_dir: Path) -> None:
        self.analyses.append(analysis)
        (results_dir / "written").touch()


def grid() -> Geometry:
    return geometry(np.eye(3), (4.0, 2.5, 2.5), 290.0)
