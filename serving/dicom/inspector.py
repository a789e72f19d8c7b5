"""Looks at instances as they arrive, before a job exists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from serving.dicom import refusals, sop_classes, tags
from serving.dicom.image import PixelFormat, read_format
from serving.dicom.pixel_check import check_present, check_size
from serving.dicom.settings import DicomSettings
from serving.dicom.source import Source, open_source
from serving.domain.errors import UnsupportedImage
from serving.domain.study import InstanceHeader


class DicomInspector:
    """Accepts DICOM instances of any kind that are whole and not dangerous (InstanceInspector)."""

    def __init__(self, settings: DicomSettings | None = None) -> None:
        self._settings = settings or DicomSettings()

    def inspect(self, path: Path) -> InstanceHeader:
        """The facts of the instance in the file at `path`; pixels are located, not decoded.

        Raises UnsupportedImage: not DICOM, cut short, too large, a decompression bomb.
        """
        with open_source(path, self._settings) as source:
            form = read_format(source.header)
            self._check_pixels(source, form)
            return _header(source.header, form, source.pixels is not None)

    def check_study(self, headers: Sequence[InstanceHeader], pipeline: str) -> None:
        """Raises UnsupportedImage where `headers` hold nothing that a CT pipeline can read."""
        self._check_totals(headers)
        if not headers:
            raise UnsupportedImage("expected DICOM instances, and none came")
        if len({h.study_instance_uid for h in headers if h.study_instance_uid}) > 1:
            raise UnsupportedImage(
                "expected the instances of one study, and those of several came; "
                "send each study by itself"
            )
        _require_ct(headers, pipeline)

    def _check_pixels(self, source: Source, form: PixelFormat) -> None:
        if source.pixels is None:
            if tags.uid(source.header, "SOPClassUID") in sop_classes.CT_IMAGES:
                raise refusals.bad_pixels("there is none, or the file was cut short before it")
            return
        check_size(form, self._settings)
        check_present(source, source.pixels, form)

    def _check_totals(self, headers: Sequence[InstanceHeader]) -> None:
        limits = self._settings
        if len(headers) > limits.max_instances:
            raise refusals.too_large("instances of a study", limits.max_instances, len(headers))
        total = sum(2 * h.rows * h.columns * h.frames for h in headers if h.has_pixels)
        if total > limits.max_decoded_bytes:
            raise refusals.too_large("bytes of decoded pixels", limits.max_decoded_bytes, total)


def _require_ct(headers: Sequence[InstanceHeader], pipeline: str) -> None:
    if not any(h.modality == "CT" for h in headers):
        raise UnsupportedImage(
            "expected a CT study, and images of another modality came; send a CT of the chest"
        )
    if not any(h.sop_class_uid in sop_classes.CT_IMAGES and h.has_pixels for h in headers):
        raise UnsupportedImage(
            "expected CT images, and the study holds none with pixel data; "
            "send the image series, not only reports and captures"
        )


def _header(header: Dataset, form: PixelFormat, has_pixels: bool) -> InstanceHeader:
    return InstanceHeader(
        sop_instance_uid=tags.uid(header, "SOPInstanceUID"),
        sop_class_uid=tags.uid(header, "SOPClassUID"),
        study_instance_uid=tags.uid(header, "StudyInstanceUID"),
        series_instance_uid=tags.uid(header, "SeriesInstanceUID"),
        modality=tags.text(header, "Modality").upper(),
        rows=form.rows,
        columns=form.columns,
        frames=form.frames if has_pixels else 0,
        has_pixels=has_pixels,
    )
