"""The phantom as DICOM CT Image instances, labelled synthetic in every header (PS3.3 A.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from provisioning.phantom.spec import Encoding, PhantomSpec
from serving.domain.volume import Geometry

LABEL = "SYNTHETIC"
_INTERCEPT = -1024
_COMPRESSED = {Encoding.RLE: RLELossless, Encoding.JPEG_2000: JPEG2000Lossless}


def write_slices(
    spec: PhantomSpec, geometry: Geometry, slices: Iterable[NDArray[np.int16]], folder: Path
) -> None:
    """One file a slice into `folder`, which must exist; `slices` are in grid order."""
    for index, hu in enumerate(slices):
        dataset = _dataset(spec, geometry, index)
        _add_pixels(dataset, hu)
        target = _COMPRESSED.get(spec.encoding)
        if target is not None:
            dataset.compress(target, generate_instance_uid=False)
        path = folder / _file_name(spec, index)
        dataset.save_as(path, enforce_file_format=True)


def _file_name(spec: PhantomSpec, index: int) -> str:
    name = f"{index:04d}"
    if spec.shuffled_names:
        name = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"{name}.dcm"


def _uid(spec: PhantomSpec, what: str) -> UID:
    """The same UID for the same phantom, from a UUID as PS3.5 annex B.2 has it."""
    digest = hashlib.sha256(f"{spec.model_dump_json()} {what}".encode()).digest()
    return UID(f"2.25.{int.from_bytes(digest[:15], 'big')}")


def _dataset(spec: PhantomSpec, geometry: Geometry, index: int) -> Dataset:
    compressed = spec.encoding in _COMPRESSED
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = _uid(spec, f"instance {index}")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if compressed else UID(spec.encoding)
    dataset = Dataset()
    dataset.file_meta, dataset.preamble = meta, b"\0" * 128
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    _add_labels(dataset, spec, index)
    _add_plane(dataset, spec, geometry, index)
    return dataset


def _add_labels(dataset: Dataset, spec: PhantomSpec, index: int) -> None:
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = f"{LABEL}^PHANTOM"
    dataset.PatientID = f"{LABEL}-{spec.seed}"
    dataset.PatientSex, dataset.PatientBirthDate = "O", ""
    dataset.StudyInstanceUID = _uid(spec, "study")
    dataset.SeriesInstanceUID = _uid(spec, "series")
    dataset.FrameOfReferenceUID = _uid(spec, "frame of reference")
    dataset.StudyDate, dataset.StudyTime = "20260101", "120000"
    dataset.AccessionNumber, dataset.StudyID, dataset.ReferringPhysicianName = "", "1", ""
    dataset.StudyDescription = f"{LABEL} chest CT"
    dataset.SeriesDescription = f"{LABEL} chest phantom"
    dataset.ImageComments = f"{LABEL}: computed from formulas, shows no person"
    dataset.Manufacturer = "aibox phantom"
    dataset.Modality, dataset.BodyPartExamined = "CT", "CHEST"
    dataset.SeriesNumber, dataset.AcquisitionNumber = 1, 1
    dataset.PatientPosition = str(spec.position)
    dataset.InstanceNumber = spec.slices - index if spec.reversed_numbers else index + 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP, dataset.ConvolutionKernel = "120", "STANDARD"


def _add_plane(dataset: Dataset, spec: PhantomSpec, geometry: Geometry, index: int) -> None:
    affine = geometry.affine_lps
    row, column = affine[:3, 0], affine[:3, 1]
    directions = [*(row / np.linalg.norm(row)), *(column / np.linalg.norm(column))]
    position = affine[:3, 2] * index + affine[:3, 3]
    dataset.ImageOrientationPatient = [_decimal(value) for value in directions]
    dataset.ImagePositionPatient = [_decimal(value) for value in position]
    dataset.PixelSpacing = [
        _decimal(v) for v in (geometry.row_spacing_mm, geometry.column_spacing_mm)
    ]
    dataset.SliceThickness = _decimal(geometry.slice_spacing_mm)
    dataset.GantryDetectorTilt = _decimal(spec.tilt_degrees)


def _decimal(value: float) -> str:
    """A Decimal String of at most 16 characters (PS3.5 section 6.2)."""
    return f"{value + 0.0:.10g}"[:16]


def _add_pixels(dataset: Dataset, hu: NDArray[np.int16]) -> None:
    dataset.Rows, dataset.Columns = hu.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleSlope, dataset.RescaleIntercept = "1", str(_INTERCEPT)
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "-600", "1500"
    stored = (hu.astype(np.int32) - _INTERCEPT).astype(np.uint16)
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    dataset.PixelData = stored.astype("<u2" if little else ">u2").tobytes()
    dataset["PixelData"].VR = "OW"
