"""Small DICOM cases for tests: CT series in any orientation, RTSTRUCT, and SEG by highdicom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid
from scipy.spatial.transform import Rotation

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"


@dataclass(frozen=True)
class Layout:
    """Where a series lies; `rotation` has columns (row direction, column direction, normal)."""

    spacing_mm: tuple[float, float, float] = (2.5, 0.8, 0.7)
    """(slice, row, column)."""
    origin_mm: tuple[float, float, float] = (-30.0, -20.0, 100.0)
    rotation: Any = None

    @property
    def affine(self) -> np.ndarray:
        """(column, row, slice, 1) to LPS mm."""
        axes = np.eye(3) if self.rotation is None else np.asarray(self.rotation)
        found = np.eye(4)
        found[:3, :3] = axes * np.array(self.spacing_mm[::-1])
        found[:3, 3] = self.origin_mm
        return found


OBLIQUE = Layout(rotation=Rotation.from_euler("xyz", [12, -20, 30], degrees=True).as_matrix())


@dataclass
class Series:
    """A CT series as written; `values` (slices, rows, columns) in HU."""

    folder: Path
    layout: Layout
    values: np.ndarray
    series_uid: str
    frame_uid: str
    datasets: list[Dataset]


def write_series(
    folder: Path, values: np.ndarray, layout: Layout | None = None, **changes: Any
) -> Series:
    """One file a slice, named in an order that is not the slices'."""
    layout = layout or Layout()
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = (generate_uid() for _ in range(3))
    datasets = []
    for index, pixels in enumerate(values):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        found = _slice(layout, index, pixels, {**uids, "FrameOfReferenceUID": frame, **changes})
        found.save_as(
            folder / f"{(index * 7) % len(values):03d}-{index}.dcm", enforce_file_format=True
        )
        datasets.append(found)
    return Series(folder, layout, values, series, frame, datasets)


def _slice(layout: Layout, index: int, pixels: np.ndarray, changes: dict[str, Any]) -> Dataset:
    found = _blank(CTImageStorage)
    affine = layout.affine
    axes = affine[:3, :3] / np.array(layout.spacing_mm[::-1])
    values: dict[str, Any] = {
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "InstanceNumber": index + 1,
        "ImagePositionPatient": list(affine[:3, 3] + index * affine[:3, 2]),
        "ImageOrientationPatient": [*axes[:, 0], *axes[:, 1]],
        "PixelSpacing": [layout.spacing_mm[1], layout.spacing_mm[2]],
        "SliceThickness": layout.spacing_mm[0],
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "PatientName": "Secret^Name",
        "PatientID": "secret-id",
        "PatientBirthDate": "19000101",
        "PatientSex": "O",
        "StudyDate": "20200101",
        "StudyTime": "120000",
        "StudyID": "1",
        "AccessionNumber": "",
        "SeriesNumber": 1,
        "Manufacturer": "",
        "ReferringPhysicianName": "",
        "PositionReferenceIndicator": "",
        **changes,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(found, keyword, value)
    found.PixelData = (pixels + 1024).astype("<u2").tobytes()
    found["PixelData"].VR = "OW"
    return found


def _blank(sop_class: str) -> Dataset:
    found = Dataset()
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.SOPClassUID, found.SOPInstanceUID = UID(sop_class), generate_uid()
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    found.preamble = b"\0" * 128
    return found


Contour = tuple[int, Sequence[tuple[float, float]]]
"""A slice index and vertices as (column, row) indices."""


def write_structure_set(
    path: Path,
    series: Series,
    regions: dict[str, list[Contour]],
    shift_mm: float = 0.0,
    **changes: Any,
) -> Path:
    """An RTSTRUCT with these regions, numbered from 1; `shift_mm` along the slice normal."""
    found = _blank(STRUCTURE_SET)
    found.Modality, found.PatientName = "RTSTRUCT", "Secret^Name"
    found.StudyInstanceUID, found.SeriesInstanceUID = generate_uid(), generate_uid()
    study, referenced, frame = Dataset(), Dataset(), Dataset()
    referenced.SeriesInstanceUID = changes.get("series_uid", series.series_uid)
    study.RTReferencedSeriesSequence = [referenced]
    frame.FrameOfReferenceUID = changes.get("frame_uid", series.frame_uid)
    frame.RTReferencedStudySequence = [study]
    found.ReferencedFrameOfReferenceSequence = [frame]
    found.StructureSetROISequence, found.ROIContourSequence = [], []
    for number, (name, contours) in enumerate(regions.items(), start=1):
        roi, drawn = Dataset(), Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = (
            number,
            name,
            series.frame_uid,
        )
        drawn.ReferencedROINumber = number
        drawn.ContourSequence = [_contour(series.layout, one, shift_mm) for one in contours]
        found.StructureSetROISequence.append(roi)
        found.ROIContourSequence.append(drawn)
    found.save_as(path, enforce_file_format=True)
    return path


def _contour(layout: Layout, contour: Contour, shift_mm: float) -> Dataset:
    index, vertices = contour
    points = np.array([(*vertex, index, 1.0) for vertex in vertices]) @ layout.affine.T
    normal = layout.affine[:3, 2] / layout.spacing_mm[0]
    found = Dataset()
    found.ContourGeometricType = "CLOSED_PLANAR"
    found.NumberOfContourPoints = len(vertices)
    found.ContourData = [f"{x:.10g}"[:16] for x in (points[:, :3] + shift_mm * normal).ravel()]
    return found


def write_segmentation(
    path: Path, series: Series, masks: Sequence[np.ndarray], kind: str = "BINARY", **options: Any
) -> Path:
    """A SEG by highdicom of `masks` (slices, rows, columns), segments numbered from 1."""
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=f"Part {number}",
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number in range(1, len(masks) + 1)
    ]
    pixels = np.stack(masks, axis=-1)
    found = highdicom.seg.Segmentation(
        source_images=series.datasets,
        pixel_array=pixels if kind == "FRACTIONAL" else pixels.astype(np.uint8),
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="tests",
        manufacturer_model_name="tests",
        software_versions="1",
        device_serial_number="1",
        **options,
    )
    found.save_as(path, enforce_file_format=True)
    return path


def shuffle_frames(path: Path, order: Sequence[int]) -> None:
    """Writes a binary SEG anew with its frames in another order."""
    found = pydicom.dcmread(path)
    count = found.Rows * found.Columns
    bits = np.unpackbits(np.frombuffer(found.PixelData, np.uint8), bitorder="little")
    frames = bits[: count * int(found.NumberOfFrames)].reshape(-1, count)
    groups = list(found.PerFrameFunctionalGroupsSequence)
    found.PerFrameFunctionalGroupsSequence = [groups[i] for i in order]
    packed = np.packbits(frames[list(order)].ravel(), bitorder="little").tobytes()
    found.PixelData = packed + b"\0" * (len(packed) % 2)
    found.save_as(path, enforce_file_format=True)
