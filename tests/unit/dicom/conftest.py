"""Builds real DICOM files for the tests of serving/dicom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from serving.dicom.reader import StudyReader
from serving.domain.study import LoadedStudy

ROWS, COLUMNS = 12, 16
DATA = Path(__file__).resolve().parents[3] / "../shared/data"


@dataclass
class Forge:
    """Writes CT slices into `folder`; every attribute can be overridden by keyword."""

    folder: Path
    count: int = field(default=0)

    def dataset(self, z: float = 0.0, number: int = 1, **changes: Any) -> Dataset:
        """One axial slice at height `z`; a keyword given None is left out."""
        self.count += 1
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = UID(changes.pop("syntax", ExplicitVRLittleEndian))
        found = Dataset()
        found.file_meta, found.preamble = meta, b"\0" * 128
        values: dict[str, Any] = {
            "SOPClassUID": CTImageStorage,
            "SOPInstanceUID": f"1.2.3.{self.count}",
            "StudyInstanceUID": "1.2.3.1000",
            "SeriesInstanceUID": "1.2.3.2000",
            "SeriesNumber": 2,
            "Modality": "CT",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "BodyPartExamined": "CHEST",
            "InstanceNumber": number,
            "ImagePositionPatient": [-100.0, -80.0, z],
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [2.0, 1.5],
            "SliceThickness": 2.0,
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
        }
        values |= changes
        pixels = values.pop("pixels", _pattern(z))
        for keyword, value in values.items():
            if value is not None:
                setattr(found, keyword, value)
        meta.MediaStorageSOPClassUID = found.get("SOPClassUID", CTImageStorage)
        meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
        if pixels is not None:
            self._set_pixels(found, pixels)
        return found

    @staticmethod
    def _set_pixels(found: Dataset, pixels: np.ndarray) -> None:
        found.Rows, found.Columns = found.get("Rows", pixels.shape[-2]), pixels.shape[-1]
        found.SamplesPerPixel = 1
        found.PhotometricInterpretation = found.get("PhotometricInterpretation", "MONOCHROME2")
        found.BitsAllocated = 8 * pixels.dtype.itemsize
        found.BitsStored = found.get("BitsStored", found.BitsAllocated)
        found.HighBit = found.get("HighBit", found.BitsStored - 1)
        found.PixelRepresentation = int(pixels.dtype.kind == "i")
        little = found.file_meta.TransferSyntaxUID.is_little_endian
        found.PixelData = pixels.astype(pixels.dtype.newbyteorder("<" if little else ">")).tobytes()
        found["PixelData"].VR = "OW"

    def write(self, found: Dataset, name: str | None = None) -> Path:
        path = self.folder / (name or f"{self.count:04d}.dcm")
        found.save_as(path, enforce_file_format=True)
        return path

    def slice(self, z: float = 0.0, number: int = 1, **changes: Any) -> Path:
        return self.write(self.dataset(z, number, **changes))

    def series(self, heights: Any, **changes: Any) -> list[Path]:
        """One slice at each height, numbered from 1."""
        return [self.slice(float(z), i, **changes) for i, z in enumerate(heights, start=1)]


def _pattern(z: float) -> np.ndarray:
    """Stored values that tell slices apart and have air on the left."""
    pixels = np.full((ROWS, COLUMNS), 1000 + int(z), dtype=np.uint16)
    pixels[:, :4] = 20
    pixels[3, 5] = 1500
    return pixels


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    folder = tmp_path / "instances"
    folder.mkdir()
    return Forge(folder)


@pytest.fixture
def read(forge: Forge) -> Callable[[], LoadedStudy]:
    """Reads what the forge has written."""
    return lambda: StudyReader().read(forge.folder, lambda share, stage: None)


@pytest.fixture
def shared_data() -> Path:
    if not DATA.is_dir():
        pytest.skip("the shared test data is not beside this checkout")
    return DATA


@pytest.fixture
def bundled() -> Callable[[str], Path]:
    """Files that pydicom itself ships for tests."""
    import pydicom

    root = Path(pydicom.__file__).parent / "data" / "test_files"

    def find(name: str) -> Path:
        if not (root / name).is_file():
            pytest.skip("this pydicom does not ship its test files")
        return root / name

    return find
