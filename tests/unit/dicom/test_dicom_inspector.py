"""What is accepted on arrival and what is refused, with which sentence."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from serving.dicom.inspector import DicomInspector
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage
from serving.domain.study import InstanceHeader


def test_facts_of_a_plain_slice(forge):
    header = DicomInspector().inspect(forge.slice(5.0))
    assert header == InstanceHeader(
        sop_instance_uid="1.2.3.1",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        study_instance_uid="1.2.3.1000",
        series_instance_uid="1.2.3.2000",
        modality="CT",
        rows=12,
        columns=16,
        frames=1,
        has_pixels=True,
    )


@pytest.mark.parametrize(
    "name",
    [
        "CT_small.dcm",
        "MR_small_implicit.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "MR_small_jp2klossless.dcm",
        "image_dfl.dcm",
        "rtdose.dcm",
        "test-SR.dcm",
        "rtplan.dcm",
    ],
)
def test_instances_of_any_kind_are_looked_at(bundled, name):
    assert DicomInspector().inspect(bundled(name)).sop_class_uid.startswith("1.2.840.10008.")


def test_files_without_preamble_are_read(forge, tmp_path):
    path = forge.write(forge.dataset(syntax=ImplicitVRLittleEndian))
    data = path.read_bytes()
    bare = tmp_path / "bare"
    bare.write_bytes(data[132:])
    assert DicomInspector().inspect(bare).rows == 12
    meta_length = 12 + struct.unpack("<L", data[140:144])[0]
    headless = tmp_path / "headless"
    headless.write_bytes(data[132 + meta_length :])
    assert DicomInspector().inspect(headless).has_pixels


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n" + b"\0" * 500, b"PK\x03\x04" * 100, bytes(range(256)) * 9],
)
def test_what_is_not_dicom_is_refused(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnsupportedImage, match="one came that is not"):
        DicomInspector().inspect(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.99])
@pytest.mark.parametrize("syntax", [None, RLELossless, JPEG2000Lossless])
def test_files_cut_short_are_refused(forge, share, syntax):
    found = forge.dataset(pixels=np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
    if syntax:
        found.compress(syntax, generate_instance_uid=False)
    path = forge.write(found)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(UnsupportedImage):
        DicomInspector().inspect(path)


def test_a_missing_delimiter_is_a_file_cut_short(forge):
    found = forge.dataset()
    found.compress(RLELossless, generate_instance_uid=False)
    path = forge.write(found)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(UnsupportedImage, match="cut short"):
        DicomInspector().inspect(path)


def test_fewer_pixels_than_declared_are_refused(forge):
    found = forge.dataset()
    found.Rows = 100
    with pytest.raises(UnsupportedImage, match="fewer pixels"):
        DicomInspector().inspect(forge.write(found))


@pytest.mark.parametrize(
    ("keyword", "value", "what"),
    [
        ("Rows", 60000, "rows"),
        ("Columns", 60000, "columns"),
        ("NumberOfFrames", 2_000_000_000, "frames"),
    ],
)
def test_declared_sizes_are_bounded(forge, keyword, value, what):
    found = forge.dataset()
    setattr(found, keyword, value)
    with pytest.raises(UnsupportedImage, match=f"{what} of an in?"):
        DicomInspector().inspect(forge.write(found))


def test_decoded_bytes_are_bounded(forge):
    found = forge.dataset()
    found.Rows, found.Columns, found.NumberOfFrames = 4000, 4000, 4000
    with pytest.raises(UnsupportedImage, match="bytes of decoded pixels"):
        DicomInspector().inspect(forge.write(found))


def test_large_files_are_refused_unread(forge):
    path = forge.slice()
    with pytest.raises(UnsupportedImage, match="bytes in one DICOM file"):
        DicomInspector(DicomSettings(max_instance_bytes=100)).inspect(path)


def _deflated(forge, payload: bytes):
    path = forge.write(forge.dataset(syntax=DeflatedExplicitVRLittleEndian))
    data = path.read_bytes()
    start = 144 + struct.unpack("<L", data[140:144])[0]
    machine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    path.write_bytes(data[:start] + machine.compress(payload) + machine.flush())
    return path


def test_a_deflate_bomb_is_refused(forge):
    with pytest.raises(UnsupportedImage, match="inflated"):
        DicomInspector().inspect(_deflated(forge, b"\0" * 100_000_000))


def test_a_deflated_file_cut_short_is_refused(forge):
    path = forge.slice(syntax=DeflatedExplicitVRLittleEndian)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnsupportedImage, match="cut short"):
        DicomInspector().inspect(path)


def _jpeg(rows: int, columns: int) -> bytes:
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC3, 11, 16, rows, columns, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + frame + b"\xff\xd9"


def test_a_stream_of_another_size_than_declared_is_refused(forge):
    found = forge.dataset(syntax=JPEGLosslessSV1)
    found.PixelData = encapsulate([_jpeg(60000, 60000)])
    found["PixelData"].is_undefined_length = True
    with pytest.raises(UnsupportedImage, match="another size"):
        DicomInspector().inspect(forge.write(found))
    found.PixelData = encapsulate([_jpeg(12, 16)])
    found["PixelData"].is_undefined_length = True
    assert DicomInspector().inspect(forge.write(found)).columns == 16


def test_a_jpeg_2000_stream_of_another_size_is_refused(forge):
    found = forge.dataset(pixels=np.zeros((64, 64), dtype=np.uint16))
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    found.Rows = 32
    with pytest.raises(UnsupportedImage, match="another size"):
        DicomInspector().inspect(forge.write(found))


def test_a_stream_of_another_compression_is_refused(forge):
    found = forge.dataset(syntax=JPEGLosslessSV1)
    found.PixelData = encapsulate([b"no jpeg at all  "])
    found["PixelData"].is_undefined_length = True
    with pytest.raises(UnsupportedImage, match="compression"):
        DicomInspector().inspect(forge.write(found))


def test_fewer_fragments_than_frames_are_refused(forge):
    found = forge.dataset(syntax=JPEGLosslessSV1)
    found.NumberOfFrames = 3
    found.PixelData = encapsulate([_jpeg(12, 16), _jpeg(12, 16)])
    found["PixelData"].is_undefined_length = True
    with pytest.raises(UnsupportedImage, match="fewer frames"):
        DicomInspector().inspect(forge.write(found))


def test_deep_nesting_is_refused(forge):
    path = forge.slice(pixels=None, SOPClassUID=SecondaryCaptureImageStorage)
    level = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    path.write_bytes(path.read_bytes() + level * 5000)
    with pytest.raises(UnsupportedImage, match="nested too deeply"):
        DicomInspector().inspect(path)


def test_a_header_without_end_is_refused(forge):
    path = forge.slice(pixels=None)
    path.write_bytes(path.read_bytes() + b"\x11\x00\x11\x00LO\0\0" * 5000)
    with pytest.raises(UnsupportedImage, match="too many elements"):
        DicomInspector(DicomSettings(max_header_reads=3000)).inspect(path)


def test_a_huge_length_in_a_small_file_costs_nothing(forge):
    path = forge.slice(pixels=None)
    path.write_bytes(path.read_bytes() + b"\x11\x00\x11\x00OB\0\0\xfe\xff\xff\xff" + b"\0" * 64)
    with pytest.raises(UnsupportedImage, match=r"cut short|there is none"):
        DicomInspector().inspect(path)


def test_a_ct_image_without_pixels_is_refused(forge):
    with pytest.raises(UnsupportedImage, match="there is none"):
        DicomInspector().inspect(forge.slice(pixels=None))


def test_sequences_before_the_pixels_do_no_harm(forge):
    found = forge.dataset()
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    found.ReferencedImageSequence = Sequence([inner])
    found["ReferencedImageSequence"].is_undefined_length = True
    assert DicomInspector().inspect(forge.write(found)).has_pixels


class TestCheckStudy:
    def headers(self, forge, **changes):
        inspector = DicomInspector()
        return [inspector.inspect(path) for path in forge.series(range(2), **changes)]

    def test_ct_is_accepted(self, forge):
        DicomInspector().check_study(self.headers(forge), "chest_ct")

    def test_reports_beside_ct_are_accepted(self, forge):
        other = self.headers(forge, Modality="SR", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.67")
        DicomInspector().check_study(other + self.headers(forge), "chest_ct")

    def test_nothing_is_refused(self):
        with pytest.raises(UnsupportedImage, match="none came"):
            DicomInspector().check_study([], "chest_ct")

    def test_another_modality_is_refused(self, forge):
        mr = self.headers(forge, Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
        with pytest.raises(UnsupportedImage, match="another modality"):
            DicomInspector().check_study(mr, "chest_ct")

    def test_only_captures_are_refused(self, forge):
        captures = self.headers(forge, SOPClassUID=SecondaryCaptureImageStorage)
        with pytest.raises(UnsupportedImage, match="none with pixel data"):
            DicomInspector().check_study(captures, "chest_ct")

    def test_two_studies_are_refused(self, forge):
        both = self.headers(forge) + self.headers(forge, StudyInstanceUID="1.2.3.1001")
        with pytest.raises(UnsupportedImage, match="one study"):
            DicomInspector().check_study(both, "chest_ct")

    def test_totals_are_bounded(self, forge):
        headers = self.headers(forge)
        with pytest.raises(UnsupportedImage, match="instances of a study"):
            DicomInspector(DicomSettings(max_instances=1)).check_study(headers, "chest_ct")
        with pytest.raises(UnsupportedImage, match="decoded pixels"):
            DicomInspector(DicomSettings(max_decoded_bytes=500)).check_study(headers, "chest_ct")
