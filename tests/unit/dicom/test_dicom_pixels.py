"""Stored values and Hounsfield units under every encoding."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from serving.dicom.image import read_format
from serving.dicom.pixels import FrameReader
from serving.dicom.reader import StudyReader
from serving.dicom.settings import DicomSettings
from serving.dicom.source import open_source
from serving.domain.errors import UnsupportedImage

RAMP = np.linspace(0, 4000, 64 * 48).astype(np.uint16).reshape(64, 48)


def stored(path, index=0):
    with open_source(path, DicomSettings()) as source:
        return FrameReader(source, read_format(source.header)).read(index)


@pytest.mark.parametrize(
    "syntax",
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int16, np.uint32, np.int32])
def test_native_values_survive(forge, syntax, kind):
    values = (RAMP // 16).astype(kind) - (0 if np.dtype(kind).kind == "u" else 90)
    values = values.astype(kind)
    assert np.array_equal(stored(forge.slice(pixels=values, syntax=syntax)), values)


@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_big_endian_values_survive(forge, kind):
    values = RAMP.astype(kind) - (0 if kind is np.uint16 else 1500)
    path = forge.slice(pixels=values.astype(kind), syntax=ExplicitVRBigEndian)
    assert np.array_equal(stored(path), values)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("signed", [False, True])
def test_compressed_values_survive(forge, syntax, signed):
    values = RAMP.astype(np.int16) - 1200 if signed else RAMP
    found = forge.dataset(pixels=values)
    found.compress(syntax, generate_instance_uid=False)
    assert np.array_equal(stored(forge.write(found)), values)


@pytest.mark.parametrize(
    ("compressed", "plain"),
    [
        ("MR_small_RLE.dcm", "MR_small.dcm"),
        ("MR_small_jpeg_ls_lossless.dcm", "MR_small.dcm"),
        ("MR_small_jp2klossless.dcm", "MR_small.dcm"),
        ("MR_small_bigendian.dcm", "MR_small.dcm"),
        ("MR_small_implicit.dcm", "MR_small.dcm"),
    ],
)
def test_other_peoples_encoders_agree_with_the_plain_file(bundled, compressed, plain):
    expected = pydicom.dcmread(bundled(plain)).pixel_array
    assert np.array_equal(stored(bundled(compressed)), expected)


def test_jpeg_2000_whose_sign_differs_from_the_header(bundled):
    path = bundled("J2K_pixelrep_mismatch.dcm")
    found = stored(path)
    assert np.array_equal(found, pydicom.dcmread(path).pixel_array)
    assert found.min() == -2000


def test_jpeg_lossless_of_a_real_scanner(shared_data):
    path = min((shared_data / "covid-ct-md" / "P001").glob("*.dcm"))
    assert np.array_equal(stored(path), pydicom.dcmread(path).pixel_array)


def test_unused_high_bits_are_cut_off(forge):
    values = RAMP | np.uint16(0xF000)
    found = stored(forge.slice(pixels=values, BitsStored=12))
    assert np.array_equal(found, RAMP)


def test_twelve_bit_sign_is_extended(forge):
    values = (RAMP.astype(np.int16) - 2000) & 0x0FFF
    found = stored(forge.slice(pixels=values.astype(np.int16), BitsStored=12))
    assert np.array_equal(found, RAMP.astype(np.int32) - 2000)


def test_high_bit_above_bits_stored(forge):
    found = stored(forge.slice(pixels=RAMP << 4, BitsStored=12, HighBit=15))
    assert np.array_equal(found, RAMP)


def test_a_frame_of_many_fragments(forge):
    found = forge.dataset(pixels=RAMP)
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    stream = b"".join(pydicom.encaps.generate_frames(found.PixelData, number_of_frames=1))
    found.PixelData = pydicom.encaps.encapsulate([stream], fragments_per_frame=5)
    assert np.array_equal(stored(forge.write(found)), RAMP)


@pytest.mark.parametrize("has_table", [True, False])
def test_many_frames_of_many_fragments(forge, has_table):
    stack = np.stack([RAMP, RAMP[::-1], RAMP // 2])
    found = forge.dataset(pixels=stack, NumberOfFrames=3)
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    streams = list(pydicom.encaps.generate_frames(found.PixelData, number_of_frames=3))
    found.PixelData = pydicom.encaps.encapsulate(streams, fragments_per_frame=4, has_bot=has_table)
    path = forge.write(found)
    for index, frame in enumerate(stack):
        assert np.array_equal(stored(path, index), frame)


def test_a_broken_stream_is_refused(forge):
    found = forge.dataset(pixels=RAMP)
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    data = bytearray(found.PixelData)
    data[200:] = bytes(len(data) - 200)
    found.PixelData = bytes(data[:-8]) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    with pytest.raises(UnsupportedImage, match="pixel data"):
        stored(forge.write(found))


def test_colour_is_refused(bundled):
    with pytest.raises(UnsupportedImage, match="colour"):
        stored(bundled("SC_rgb_rle.dcm"))


def test_an_unknown_transfer_syntax_is_refused_without_its_name(forge):
    path = forge.slice()
    path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.99999.9.9.9\0"))
    with pytest.raises(UnsupportedImage) as caught:
        forge_read(forge)
    assert "99999" not in str(caught.value)


def forge_read(forge):
    return StudyReader().read(forge.folder, lambda share, stage: None)


def test_rescale_differs_from_slice_to_slice(forge, read):
    pixels = np.full((8, 8), 100, dtype=np.uint16)
    forge.slice(0, 1, pixels=pixels, RescaleSlope=1, RescaleIntercept=-1024)
    forge.slice(2, 2, pixels=pixels, RescaleSlope=2, RescaleIntercept=-1000)
    forge.slice(4, 3, pixels=pixels, RescaleSlope=0.55, RescaleIntercept=-900.5)
    hu = read().volume.hu
    assert [int(one[0, 0]) for one in hu] == [-924, -800, -846]


def test_a_comma_for_the_decimal_point(forge, read):
    path = forge.slice(pixels=np.full((8, 8), 100, dtype=np.uint16), RescaleIntercept="-900.5")
    path.write_bytes(path.read_bytes().replace(b"-900.5", b"-900,5"))
    assert read().volume.hu[0, 0, 0] in (-800, -801)


@pytest.mark.parametrize("signed", [True, False])
def test_padding_reads_as_air(forge, read, signed):
    pixels = np.full((8, 8), 900, dtype=np.int16 if signed else np.uint16)
    padding = -2000 if signed else 63536
    pixels[0] = padding
    found = forge.dataset(pixels=pixels, RescaleIntercept=0)
    found.add_new("PixelPaddingValue", "SS" if signed else "US", padding)
    forge.write(found)
    hu = read().volume.hu[0]
    assert (hu[0] == -1024).all()
    assert (hu[1:] == 900).all()


def test_padding_written_with_the_wrong_sign(forge, read):
    pixels = np.full((8, 8), 900, dtype=np.int16)
    pixels[0] = -2000
    found = forge.dataset(pixels=pixels, RescaleIntercept=0)
    found.add_new("PixelPaddingValue", "US", 63536)
    forge.write(found)
    assert (read().volume.hu[0, 0] == -1024).all()


def test_values_below_air_are_air_and_metal_is_clipped(forge, read):
    pixels = np.array([[-3000, 0], [0, 32767]], dtype=np.int16)
    forge.slice(pixels=pixels, RescaleSlope=4, RescaleIntercept=0)
    assert read().volume.hu[0].tolist() == [[-1024, 0], [0, 32767]]


class TestMonochrome1:
    """MONOCHROME1 inverts displays, not Hounsfield units, unless an exporter inverted both."""

    HU = np.full((32, 32), -1000)
    HU[8:26, 6:26] = 40

    def test_values_stay_as_they_are(self, forge, read):
        pixels = (self.HU + 1024).astype(np.uint16)
        forge.series(
            [0, 2, 4], pixels=pixels, BitsStored=12, PhotometricInterpretation="MONOCHROME1"
        )
        study = read()
        assert np.array_equal(study.volume.hu[1], self.HU)
        assert not study.notices

    def test_values_that_an_exporter_inverted_are_inverted_back(self, forge, read):
        pixels = (4095 - (self.HU + 1024)).astype(np.uint16)
        forge.series(
            [0, 2, 4], pixels=pixels, BitsStored=12, PhotometricInterpretation="MONOCHROME1"
        )
        study = read()
        assert np.array_equal(study.volume.hu[1], self.HU)
        assert [notice.code for notice in study.notices] == ["inverted_values"]


def test_without_rescale_nothing_is_guessed(forge, read):
    forge.slice(RescaleSlope=None)
    with pytest.raises(UnsupportedImage, match="Hounsfield"):
        read()


def test_a_modality_lut_is_refused(forge, read):
    table = Dataset()
    table.LUTDescriptor = [2, 0, 16]
    forge.slice(ModalityLUTSequence=Sequence([table]))
    with pytest.raises(UnsupportedImage, match="Hounsfield"):
        read()


def test_values_without_air_are_noticed(forge, read):
    forge.slice(pixels=np.full((8, 8), 3000, dtype=np.uint16), LossyImageCompression="01")
    assert [notice.code for notice in read().notices] == ["lossy_compression", "no_air"]
