"""What a DICOM mask says of the images on which it was drawn."""

from __future__ import annotations

from pydicom.dataset import Dataset

from serving.dicom import tags
from serving.radiomics.reading.scan import Scan


def referenced_series(header: Dataset) -> frozenset[str]:
    """Series Instance UIDs that an RTSTRUCT (C.8.8.5) or a SEG (C.12.4) refers to."""
    series = list(tags.items(header, "ReferencedSeriesSequence"))
    for frame in tags.items(header, "ReferencedFrameOfReferenceSequence"):
        for study in tags.items(frame, "RTReferencedStudySequence"):
            series += tags.items(study, "RTReferencedSeriesSequence")
    found = (tags.uid(item, "SeriesInstanceUID") for item in series)
    return frozenset(uid for uid in found if uid)


def frames_of_reference(header: Dataset) -> frozenset[str]:
    """Frame of Reference UIDs in which a mask's coordinates are given."""
    found = {
        tags.uid(item, "FrameOfReferenceUID")
        for item in (header, *tags.items(header, "ReferencedFrameOfReferenceSequence"))
    }
    return frozenset(uid for uid in found if uid)


def reference_notices(header: Dataset, image: Scan) -> tuple[str, ...]:
    """What to say where a mask was drawn on other images than those that came."""
    series, frames = referenced_series(header), frames_of_reference(header)
    if image.frame_of_reference_uid and frames and image.frame_of_reference_uid not in frames:
        return ("The mask has another frame of reference than the image: check that they match.",)
    if image.series_instance_uid and series and image.series_instance_uid not in series:
        return ("The mask refers to another series than the image: check that they match.",)
    return ()
