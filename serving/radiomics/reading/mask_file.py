"""The mask of a case, whatever its files are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset

from serving.dicom.settings import DicomSettings
from serving.domain.errors import InvalidRequest
from serving.radiomics.reading.dicom_folder import RT_STRUCTURE_SET, DicomFile, DicomFolder
from serving.radiomics.reading.file_kind import FileKind, kind_of, the_only_file
from serving.radiomics.reading.image_file import dicom_at
from serving.radiomics.reading.label_map import LabelMap
from serving.radiomics.reading.mask_source import MaskSource
from serving.radiomics.reading.nifti_file import read_nifti
from serving.radiomics.reading.nrrd_file import read_nrrd
from serving.radiomics.reading.segmentation import Segmentation
from serving.radiomics.reading.structure_set import StructureSet


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask read and not yet placed; `header` is that of a DICOM one."""

    source: MaskSource
    header: Dataset | None


def open_mask(path: Path | None, beside: DicomFolder | None, settings: DicomSettings) -> MaskFile:
    """The mask at `path`, or where that is None the one RTSTRUCT or SEG `beside` the images.

    Raises InvalidRequest where there is none or several, UnsupportedImage where it is broken.
    """
    if path is None:
        if beside is None:
            raise InvalidRequest("expected a mask, and none was given; name the mask's file")
        return _from_dicom(beside, settings)
    path = the_only_file(path)
    kind = kind_of(path, "mask")
    if kind is FileKind.NIFTI:
        return MaskFile(LabelMap(read_nifti(path, settings)), None)
    if kind is FileKind.NRRD:
        return MaskFile(LabelMap(read_nrrd(path, settings)), None)
    return _from_dicom(dicom_at(path, kind, "mask", settings), settings)


def _from_dicom(folder: DicomFolder, settings: DicomSettings) -> MaskFile:
    if len(folder.masks) != 1:
        count = len(folder.masks) or "none"
        raise InvalidRequest(
            f"expected one RTSTRUCT or DICOM SEG as the mask, and {count} came; name its file"
        )
    file = folder.masks[0]
    return MaskFile(_source(file, settings), file.header)


def _source(file: DicomFile, settings: DicomSettings) -> MaskSource:
    if file.instance.sop_class_uid == RT_STRUCTURE_SET:
        return StructureSet(file.header)
    return Segmentation(file, settings)
