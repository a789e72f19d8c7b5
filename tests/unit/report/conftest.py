"""A small analysed study whose numbers are counted here, apart from the product's own measuring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from serving.domain.finding import (
    ChestCtFindings,
    Code,
    Coverage,
    Lesion,
    ModelUse,
    Region,
    Severity,
    Side,
    Zone,
)
from serving.domain.study import LoadedStudy, Notice, SeriesChoice, Subject
from serving.domain.volume import Geometry, Volume
from serving.pipelines.analysis import LEFT_LUNG, RIGHT_LUNG, ChestCtAnalysis

LUNG = Code(scheme="SCT", code="39607008", meaning="Lung structure")
SIDES = {Side.RIGHT: RIGHT_LUNG, Side.LEFT: LEFT_LUNG}


def geometry_of(
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.5),
    axes_lps: Any = None,
    offsets_mm: Any = None,
) -> Geometry:
    """`axes_lps` holds unit directions of columns, rows and slices as columns (default: axial)."""
    axes = np.eye(3) if axes_lps is None else np.asarray(axes_lps, dtype=float)
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array(spacing_mm[::-1])
    affine[:3, 3] = (-31.5, 12.25, -700.0)
    steps = np.arange(shape[0]) * spacing_mm[0] if offsets_mm is None else np.asarray(offsets_mm)
    return Geometry(shape, affine, steps + 100.0)


def ellipsoid(shape: tuple[int, int, int], centre: Any, radii: Any) -> NDArray[np.bool_]:
    grids = np.ogrid[tuple(slice(0, n) for n in shape)]
    terms = [((g - c) / r) ** 2 for g, c, r in zip(grids, centre, radii, strict=True)]
    return np.asarray(sum(terms) <= 1.0)


def region(
    lung: NDArray[np.bool_], lesion: NDArray[np.bool_], volume: Volume, **where: Any
) -> Region:
    voxel_ml = volume.geometry.voxel_volumes_ml[:, None, None]
    inside = lesion & lung
    lung_ml, lesion_ml = float((lung * voxel_ml).sum()), float((inside * voxel_ml).sum())
    return Region(
        side=where.get("side"),
        zone=where.get("zone"),
        anatomy=LUNG,
        lung_volume_ml=lung_ml,
        lesion_volume_ml=lesion_ml,
        lesion_percent=100 * lesion_ml / lung_ml if lung_ml else None,
        mean_lung_hu=float(volume.hu[lung].mean()) if lung.any() else None,
        mean_lesion_hu=float(volume.hu[inside].mean()) if inside.any() else None,
    )


def lesion_entry(index: int, lesions: NDArray[np.uint16], volume: Volume) -> Lesion:
    places = np.argwhere(lesions == index)
    return Lesion(
        index=index,
        volume_ml=float(volume.geometry.voxel_volumes_ml[places[:, 0]].sum()),
        mean_hu=float(volume.hu[lesions == index].mean()),
        centroid_lps_mm=tuple(
            volume.geometry.to_lps_mm(places[:, ::-1].astype(float)).mean(axis=0)
        ),
        side=Side.RIGHT,
        zone=Zone.LOWER,
        first_slice=int(places[:, 0].min()),
        last_slice=int(places[:, 0].max()),
    )


def findings_of(
    volume: Volume, lungs: NDArray[np.uint8], lesions: NDArray[np.uint16], complete: bool = True
) -> ChestCtFindings:
    """Zones here are thirds of the slices that hold lung, the last third the upper one."""
    held = np.flatnonzero(lungs.any(axis=(1, 2)))
    thirds = dict(zip(reversed(Zone), np.array_split(held, 3), strict=True))
    zones = []
    for side, label in SIDES.items():
        for zone in Zone:
            lung = (lungs == label) & np.isin(np.arange(len(lungs)), thirds[zone])[:, None, None]
            zones.append(region(lung, lesions > 0, volume, side=side, zone=zone))
    entries = tuple(lesion_entry(int(i), lesions, volume) for i in np.unique(lesions) if i)
    sentence = "The whole of both lungs is in the images."
    return ChestCtFindings(
        finding=Code(scheme="SCT", code="205237003", meaning="Pneumonitis"),
        both_lungs=region(lungs > 0, lesions > 0, volume),
        lungs=tuple(
            region(lungs == label, lesions > 0, volume, side=side) for side, label in SIDES.items()
        ),
        zones=tuple(zones),
        lesion_count=len(entries),
        largest_lesion_ml=entries[0].volume_ml if entries else 0.0,
        lesions=entries[:50],
        severity=Severity(
            name="CT severity score",
            value=7,
            maximum=25,
            per_region={"right_upper": 3, "left_lower": 4},
            source="a published score",
            method="scored by zone",
        ),
        coverage=Coverage(
            complete=complete,
            apex_seen=True,
            base_seen=complete,
            sentence=sentence if complete else "The bases of the lungs are not in the images.",
        ),
    )


def analysis_of(
    volume: Volume, lungs: NDArray[np.uint8], lesions: NDArray[np.uint16], complete: bool = True
) -> ChestCtAnalysis:
    subject = Subject("Doe^Jane", "ID-7", "F", "19600229", "1.2.3", "20200301", "Thorax", "A1")
    chosen = SeriesChoice("1.2.3.4", "LUNG 1.0", "It has the thinnest axial slices.", ())
    notices = (Notice("made_by_hand", "These voxels were drawn by a test."),)
    uids = tuple(f"1.2.3.4.{n}" for n in range(len(volume.hu)))
    study = LoadedStudy(volume, subject, chosen, notices, ("1.2.840.10008.1.2.1",), uids)
    model = ModelUse(
        name="nested_unet_covid",
        version=1,
        digest="0f" * 32,
        precision="fp32",
        effective_precision="f32",
        disclaimer="Not a medical device.",
    )
    return ChestCtAnalysis(
        job_id="job-0001",
        pipeline="chest_ct",
        pipeline_version="1.0.0",
        study=study,
        lungs=lungs,
        lesions=lesions,
        findings=findings_of(volume, lungs, lesions, complete),
        models=(model,),
        notices=notices,
        timings_s={"reading": 1.25, "lungs": 3.0, "lesions": 12.0, "measuring": 0.45},
    )


class Samples:
    """Makes small analyses; the right lung lies at low columns, as in a usual axial series."""

    def geometry(self, *arguments: Any, **options: Any) -> Geometry:
        return geometry_of(*arguments, **options)

    def findings(self, *arguments: Any, **options: Any) -> ChestCtFindings:
        return findings_of(*arguments, **options)

    def analysis(
        self, geometry: Geometry | None = None, lesion: bool = True, complete: bool = True
    ) -> ChestCtAnalysis:
        place = geometry or geometry_of((24, 48, 64))
        shape = place.shape
        slices, rows, columns = shape
        lungs = np.zeros(shape, np.uint8)
        middle = ((slices - 1) / 2, rows / 2)
        radii = (max(slices / 2 - 1.5, 0.5), rows / 3, columns / 6)
        lungs[ellipsoid(shape, (*middle, columns / 4), radii)] = RIGHT_LUNG
        lungs[ellipsoid(shape, (*middle, columns * 3 / 4), radii)] = LEFT_LUNG
        lesions = np.zeros(shape, np.uint16)
        if lesion:
            small = (slices / 8, rows / 12, columns / 16)
            lesions[ellipsoid(shape, (slices / 3, rows / 2, columns / 4), small)] = 1
            lesions[slices // 2, rows // 2, columns * 3 // 4] = 2
        hu = np.where(lesions > 0, -300, np.where(lungs > 0, -820, 40)).astype(np.int16)
        return analysis_of(Volume(hu, place), lungs, lesions, complete)

    def with_subject(self, analysis: ChestCtAnalysis, **texts: str) -> ChestCtAnalysis:
        subject = replace(analysis.study.subject, **texts)
        return replace(analysis, study=replace(analysis.study, subject=subject))


@pytest.fixture
def samples() -> Samples:
    return Samples()
