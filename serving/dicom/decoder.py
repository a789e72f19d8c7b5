"""The parent's side of one decoder process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from serving.dicom import refusals
from serving.dicom.decoder_process import READY, Answer, Request
from serving.dicom.image import PixelFormat
from serving.domain.errors import UnsupportedImage

_COMMAND = (sys.executable, "-m", "serving.dicom.decoder_process")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_LONGEST_LINE = 4096


class Decoder:
    """One process, for one caller at a time. `alive` False: it is gone and answers no more."""

    def __init__(self, timeout_s: float) -> None:
        """Starts the process and does not wait for it. Raises OSError where none can start."""
        self.timeout_s = timeout_s
        self._ready = False
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ONE_THREAD,
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def decode(self, stream: bytes, syntax: str, form: PixelFormat) -> NDArray[Any]:
        """As `serving.dicom.decoding.decode`; a process that dies or takes too long is a refusal.

        Raises UnsupportedImage, and ChildProcessError where the process never came up.
        """
        watchdog = threading.Timer(self.timeout_s, self._process.kill)
        watchdog.start()
        try:
            self._wait_until_ready()
            return self._exchange(stream, syntax, form)
        except (OSError, ValueError) as error:
            self.end()
            if isinstance(error, ChildProcessError):
                raise
            raise refusals.bad_pixels("its decoder ended or took too long over it") from None
        finally:
            watchdog.cancel()

    def end(self) -> None:
        """Ends the process, whatever it is at."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                _close(pipe)

    def _wait_until_ready(self) -> None:
        if not self._ready and self._way_back.readline(_LONGEST_LINE) != READY:
            raise ChildProcessError("the decoder process did not start")
        self._ready = True

    def _exchange(self, stream: bytes, syntax: str, form: PixelFormat) -> NDArray[Any]:
        request = Request(syntax=syntax, form=form, length=len(stream))
        self._way_there.write(request.model_dump_json().encode() + b"\n" + stream)
        self._way_there.flush()
        answer = Answer.model_validate_json(self._way_back.readline(_LONGEST_LINE))
        if answer.refusal:
            raise UnsupportedImage(answer.refusal)
        kind = np.dtype(answer.dtype)
        if kind.kind not in "iu" or answer.length != form.rows * form.columns * kind.itemsize:
            raise ValueError("the answer is not one frame of whole numbers")
        cells = self._way_back.read(answer.length)
        return np.frombuffer(cells, dtype=kind).reshape(form.rows, form.columns)

    @property
    def _way_there(self) -> IO[bytes]:
        return _open(self._process.stdin)

    @property
    def _way_back(self) -> IO[bytes]:
        return _open(self._process.stdout)


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the decoder process was started without pipes")
    return pipe


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:  # what it still held for a process that is gone
        return
