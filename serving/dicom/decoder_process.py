"""The process that decodes compressed frames: `python -m serving.dicom.decoder_process`.

The decoders are C++ that holds the interpreter's lock and that a hostile stream may crash or hang;
here that costs nobody else anything. It ends when its parent closes the pipe or dies.

A request on standard input is a line of JSON (`Request`) and the stream; an answer is a line of
JSON (`Answer`) and the cells. What decoders print goes nowhere.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import numpy as np
from pydantic import BaseModel, ConfigDict

from serving.dicom.decoding import decode
from serving.dicom.image import PixelFormat
from serving.dicom.quiet import quiet
from serving.domain.errors import UnsupportedImage

READY = b"ready\n"
"""Written once, when requests can come."""


class Request(BaseModel):
    """A frame to decode; `length` bytes of its stream follow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    syntax: str
    form: PixelFormat
    length: int


class Answer(BaseModel):
    """Cells of `dtype` in `length` bytes that follow, or why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: str = ""
    length: int = 0
    refusal: str = ""


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers requests until there are no more."""
    answers.write(READY)
    answers.flush()
    while line := requests.readline():
        request = Request.model_validate_json(line)
        answer, cells = _answer(request, requests.read(request.length))
        answers.write(answer.model_dump_json().encode() + b"\n" + cells)
        answers.flush()


def _answer(request: Request, stream: bytes) -> tuple[Answer, bytes]:
    try:
        cells = decode(stream, request.syntax, request.form)
    except UnsupportedImage as refusal:
        return Answer(refusal=refusal.message), b""
    return Answer(dtype=np.dtype(cells.dtype).str, length=cells.nbytes), cells.tobytes()


def main() -> None:
    """Serves on the pipes, the way out kept for answers alone."""
    quiet()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
