"""The attributes that are read from a header; all others are skipped unread."""

from __future__ import annotations

from pydicom.datadict import tag_for_keyword

_IDENTITY = (
    "SpecificCharacterSet SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID Modality"
)
_SUBJECT = (
    "PatientName PatientID PatientSex PatientBirthDate StudyDate StudyDescription AccessionNumber"
)
_SERIES = (
    "SeriesDescription SeriesNumber BodyPartExamined ImageType ConvolutionKernel ImageComments "
    "Manufacturer AcquisitionNumber AcquisitionTime InstanceNumber TemporalPositionIdentifier "
    "NominalPercentageOfCardiacPhase"
)
_GEOMETRY = "ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness"
_PIXELS = (
    "Rows Columns NumberOfFrames SamplesPerPixel BitsAllocated BitsStored HighBit "
    "PixelRepresentation PhotometricInterpretation PixelPaddingValue RescaleSlope "
    "RescaleIntercept ModalityLUTSequence LossyImageCompression"
)
_MULTI_FRAME = "SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence"


def _tags(keywords: str) -> list[int]:
    found = (tag_for_keyword(keyword) for keyword in keywords.split())
    return [tag for tag in found if tag is not None]


HEADER_TAGS = _tags(" ".join((_IDENTITY, _SUBJECT, _SERIES, _GEOMETRY, _PIXELS, _MULTI_FRAME)))
