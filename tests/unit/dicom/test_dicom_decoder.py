"""Decoder processes: the same pixels as here, and a dead or stuck one harms a single frame."""

from __future__ import annotations

import gc
import os
import signal
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless

from serving.dicom import decoder as decoder_module
from serving.dicom.decoder import Decoder
from serving.dicom.decoder_pool import DecoderPool
from serving.dicom.decoding import decode
from serving.dicom.image import PixelFormat, read_format
from serving.dicom.settings import DicomSettings
from serving.domain.errors import UnsupportedImage

RAMP = np.linspace(0, 4000, 64 * 48).astype(np.uint16).reshape(64, 48)
ENOUGH_S = 120.0


@pytest.fixture
def frame(forge) -> tuple[bytes, str, PixelFormat]:
    found = forge.dataset(pixels=RAMP)
    found.compress(JPEG2000Lossless, generate_instance_uid=False)
    (stream,) = pydicom.encaps.generate_frames(found.PixelData, number_of_frames=1)
    return stream, str(JPEG2000Lossless), read_format(found)


@pytest.fixture
def decoder():
    one = Decoder(ENOUGH_S)
    yield one
    one.end()


def gone(pid: int) -> bool:
    for _ in range(200):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False


def test_pixels_are_those_decoded_here(decoder, frame) -> None:
    for _ in range(3):
        assert np.array_equal(decoder.decode(*frame), RAMP)


def test_a_refusal_is_the_one_that_comes_here_and_the_process_goes_on(decoder, frame) -> None:
    stream, syntax, form = frame
    broken = stream[:200] + bytes(len(stream) - 200)
    with pytest.raises(UnsupportedImage) as here:
        decode(broken, syntax, form)
    with pytest.raises(UnsupportedImage) as there:
        decoder.decode(broken, syntax, form)
    assert there.value.message == here.value.message
    assert np.array_equal(decoder.decode(*frame), RAMP)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGSTOP"])
def test_a_process_that_dies_or_hangs_is_a_refusal(decoder, frame, name: str) -> None:
    decoder.decode(*frame)
    decoder.timeout_s = 1.0
    os.kill(decoder.pid, getattr(signal, name))
    with pytest.raises(UnsupportedImage, match="decoder ended"):
        decoder.decode(*frame)
    assert not decoder.alive


@pytest.fixture
def others() -> set[int]:
    """Decoders of readers that other tests have left."""
    return children()


def test_the_pool_replaces_a_dead_process(frame, others) -> None:
    pool = DecoderPool(DicomSettings(decode_threads=1, decode_timeout_s=ENOUGH_S))
    pool.decode(*frame)
    (dead,) = children() - others
    os.kill(dead, signal.SIGKILL)
    with pytest.raises(UnsupportedImage):
        pool.decode(*frame)
    assert np.array_equal(pool.decode(*frame), RAMP)
    assert dead not in children()


def test_the_processes_end_with_their_pool(frame, others) -> None:
    pool = DecoderPool(DicomSettings(decode_threads=2))
    pool.warm_up()
    pool.warm_up()
    pool.decode(*frame)
    started = children() - others
    assert len(started) == 2
    del pool
    gc.collect()
    assert all(gone(pid) for pid in started)


@pytest.mark.parametrize("command", [("/bin/false",), ("/nowhere/to/be/found",)])
def test_without_processes_it_decodes_here(monkeypatch, frame, command, others) -> None:
    monkeypatch.setattr(decoder_module, "_COMMAND", command)
    pool = DecoderPool(DicomSettings(decode_threads=1))
    assert np.array_equal(pool.decode(*frame), RAMP)
    assert children() <= others


def children() -> set[int]:
    """Decoder processes of this one."""
    gc.collect()
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in (task / "children").read_text().split():
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"serving.dicom.decoder_process" in line:
                found.add(int(pid))
    return found
