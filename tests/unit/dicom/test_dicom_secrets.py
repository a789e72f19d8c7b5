"""A planted patient appears in no error, log line or warning."""

from __future__ import annotations

import io
import logging
import traceback
import warnings

import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless

from serving.dicom.inspector import DicomInspector
from serving.dicom.reader import StudyReader
from serving.domain.errors import UnsupportedImage

SECRET = "PLANTEDNAME"


def planted(forge, *, charset=None, **changes):
    """A slice whose tags hold the secret where numbers and dates should be, byte by byte."""
    found = forge.dataset(PatientName="X" * 40, PatientID="Y" * 40, StudyDate="20200101", **changes)
    if charset:
        found.SpecificCharacterSet = "ISO_IR 100"
    path = forge.write(found)
    data = path.read_bytes()
    data = data.replace(b"X" * 40, (SECRET + "^A\xff\xfe").encode("latin-1").ljust(40, b"="))
    data = data.replace(b"Y" * 40, SECRET.encode().ljust(40, b"\\"))
    data = data.replace(b"20200101", SECRET[:8].encode())
    if charset:
        data = data.replace(b"ISO_IR 100", charset.encode().ljust(10)[:10])
    path.write_bytes(data)
    return path


def numbers(forge, keyword, value):
    """A slice whose attribute `keyword` holds `value` in place of a number."""
    plain = "1" * len(value)
    path = forge.slice(**{keyword: plain})
    path.write_bytes(path.read_bytes().replace(plain.encode(), value.encode()))
    return path


def everything_said(capfd, action):
    """All text that an action leaves in errors, tracebacks, logs, warnings and on the terminal."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                action()
            except UnsupportedImage as error:
                stream.write("".join(traceback.format_exception(error)))
                stream.write(str(error.details))
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    printed = capfd.readouterr()
    return stream.getvalue() + printed.out + printed.err + "".join(str(w.message) for w in caught)


def look(forge, path):
    def action():
        DicomInspector().inspect(path)
        StudyReader().read(forge.folder, lambda share, stage: None)

    return action


@pytest.mark.parametrize("charset", [None, "ISO_IR 999", "PLANTEDNAM", "\\ISO 2022"])
def test_names_in_odd_tags(forge, capfd, charset):
    said = everything_said(capfd, look(forge, planted(forge, charset=charset)))
    assert SECRET not in said
    assert SECRET[:8] not in said


@pytest.mark.parametrize(
    "keyword", ["RescaleSlope", "SliceThickness", "InstanceNumber", "SeriesNumber"]
)
def test_names_in_place_of_numbers(forge, capfd, keyword):
    assert SECRET not in everything_said(capfd, look(forge, numbers(forge, keyword, SECRET)))


@pytest.mark.parametrize("at", [0.3, 0.6, 0.9])
def test_names_in_files_cut_short(forge, capfd, at):
    path = planted(forge)
    data = path.read_bytes()
    path.write_bytes(data[: int(at * len(data))])
    assert SECRET not in everything_said(capfd, look(forge, path))


def test_names_in_broken_streams(forge, capfd):
    found = forge.dataset(
        PatientName=SECRET,
        PatientID=SECRET,
        pixels=np.arange(4096, dtype=np.uint16).reshape(64, 64),
    )
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    data = bytearray(found.PixelData)
    data[150:] = SECRET.encode() * 5 + bytes(len(data) - 150 - 5 * len(SECRET))
    found.PixelData = bytes(data[:-8]) + b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert SECRET not in everything_said(capfd, look(forge, forge.write(found)))


def test_names_in_file_names(forge, capfd):
    path = forge.folder / f"{SECRET}.dcm"
    path.write_bytes(b"not dicom")
    assert SECRET not in everything_said(capfd, look(forge, path))


def test_random_damage_is_only_ever_refused(forge, capfd):
    """Files with random bytes changed are read or refused with a sentence; nothing else happens."""
    rng = np.random.default_rng(5)
    whole = planted(forge).read_bytes()
    path = next(forge.folder.iterdir())
    outcomes = set()

    def action():
        for _ in range(300):
            data = bytearray(whole)
            for at in rng.integers(0, len(data), 6):
                data[at] = rng.integers(0, 256)
            path.write_bytes(data)
            try:
                look(forge, path)()
                outcomes.add("read")
            except UnsupportedImage as error:
                outcomes.add("refused")
                logging.getLogger("test").warning(str(error))

    assert SECRET[:8] not in everything_said(capfd, action)
    assert outcomes == {"read", "refused"}
