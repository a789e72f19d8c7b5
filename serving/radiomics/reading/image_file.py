"""The image of a case, whatever its files are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.radiomics.reading.dicom_folder import DicomFolder, read_folder
from serving.radiomics.reading.dicom_series import read_series
from serving.radiomics.reading.file_kind import FileKind, kind_of, the_only_file
from serving.radiomics.reading.nifti_file import read_nifti
from serving.radiomics.reading.nrrd_file import read_nrrd
from serving.radiomics.reading.scan import Scan


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image looked at and not yet read; `dicom` is what a folder holds, headers only."""

    path: Path
    kind: FileKind
    dicom: DicomFolder | None

    def read(self, referenced: Collection[str], settings: DicomSettings) -> Scan:
        """Its voxels; of several DICOM series the one among `referenced` UIDs.

        Raises UnsupportedImage as the readers of each kind do.
        """
        if self.dicom is not None:
            return read_series(self.dicom.images, referenced, settings)
        return (read_nrrd if self.kind is FileKind.NRRD else read_nifti)(self.path, settings)


def look_at_image(path: Path, settings: DicomSettings) -> ImageFile:
    """What lies at `path`: a DICOM folder, a DICOM, NIfTI or NRRD file.

    Raises InvalidRequest where nothing is there, UnsupportedImage where it is no image.
    """
    path = the_only_file(path)
    kind = kind_of(path, "image")
    if kind in (FileKind.NIFTI, FileKind.NRRD):
        return ImageFile(path, kind, None)
    return ImageFile(path, kind, dicom_at(path, kind, "image", settings))


def dicom_at(path: Path, kind: FileKind, what: str, settings: DicomSettings) -> DicomFolder:
    """The DICOM files at `path`; a file of unknown kind may be DICOM without its preamble.

    Raises UnsupportedImage.
    """
    try:
        return read_folder(path, settings)
    except UnsupportedImage:
        if kind is FileKind.DICOM:
            raise
    raise UnsupportedImage(
        f"expected DICOM, NIfTI or NRRD, and the {what} file is none of them, or is broken from "
        "its first bytes on; give another file"
    )
