"""The options of `aibox models import`, and what their texts mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from serving.domain.errors import InvalidRequest

_CHECK = "Checking"
_EMBED = "Preprocessing to build into the graph"
_INT8 = "INT8 variant"


class InputType(StrEnum):
    """Integers that callers may send."""

    INT16 = "int16"
    UINT8 = "uint8"


PathArgument = Annotated[
    Path,
    typer.Argument(
        help="ONNX file, OpenVINO .xml (its .bin beside it), PyTorch exported program (.pt2), "
        "TensorFlow SavedModel folder, or a zip or tar of one of these."
    ),
]
NameOption = Annotated[str, typer.Option(help="Its name on this box: a-z, 0-9 and . _ -")]
VersionOption = Annotated[int | None, typer.Option(min=1, help="Else the next free one.")]
DescriptionOption = Annotated[
    Path | None,
    typer.Option(help="description.toml: use, tensors, preprocessing, labels, training."),
]
RepositoryOption = Annotated[
    Path | None, typer.Option(help="Model repository; else that of the state directory.")
]
Fp16Option = Annotated[
    bool, typer.Option("--compress-to-fp16", help="Store weights in half the space.")
]
InputsOption = Annotated[
    Path | None,
    typer.Option(
        help=".npz with one array per input, as callers will send them; else random ones.",
        rich_help_panel=_CHECK,
    ),
]
ShapeOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="INPUT=N,N,...",
        help="Shape to time and compare an input in, where it leaves sizes open. Repeatable.",
        rich_help_panel=_CHECK,
    ),
]
ToleranceOption = Annotated[
    float | None,
    typer.Option(
        help="Largest |a-b|/max(1,|b|) to the source framework; else 0.001, FP16 weights 0.02.",
        rich_help_panel=_CHECK,
    ),
]
InputOption = Annotated[
    str | None,
    typer.Option("--input", help="The input, where there are several.", rich_help_panel=_EMBED),
]
InputTypeOption = Annotated[
    InputType | None,
    typer.Option(help="What callers send instead of floats.", rich_help_panel=_EMBED),
]
WindowOption = Annotated[
    tuple[float, float] | None,
    typer.Option(
        metavar="LOW HIGH",
        help="Clip to this; it becomes 0..1 unless --mean or --scale is given.",
        rich_help_panel=_EMBED,
    ),
]
MeanOption = Annotated[
    str | None,
    typer.Option(
        metavar="N[,N...]",
        help="Subtract this after clipping; one value, or one for each channel.",
        rich_help_panel=_EMBED,
    ),
]
ScaleOption = Annotated[
    str | None,
    typer.Option(metavar="N[,N...]", help="Then divide by this.", rich_help_panel=_EMBED),
]
LayoutOption = Annotated[
    str | None,
    typer.Option(
        metavar="SENT[:TAKEN]",
        help="Layout that callers send, and the network's own (NCHW unless named): NHWC:NCHW.",
        rich_help_panel=_EMBED,
    ),
]
CalibrationOption = Annotated[
    Path | None,
    typer.Option(help="Labelled set (.npz) to quantise with.", rich_help_panel=_INT8),
]
ValidationOption = Annotated[
    Path | None,
    typer.Option(help="Labelled set to search by, of other patients.", rich_help_panel=_INT8),
]
HeldOutOption = Annotated[
    Path | None,
    typer.Option(help="Labelled set for the verdict, of others again.", rich_help_panel=_INT8),
]
TaskOption = Annotated[
    str | None,
    typer.Option(help="segmentation, detection or classification.", rich_help_panel=_INT8),
]


def numbers(option: str, text: str | None) -> tuple[float, ...]:
    """The numbers of `1,2.5`. Raises InvalidRequest that names the option."""
    try:
        return tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise InvalidRequest(f"{option} takes numbers with commas between, as 0.5,0.5") from None


def shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of `name=1,1,512,512`, by name. Raises InvalidRequest."""
    found = {}
    for text in texts:
        name, _, sizes = text.rpartition("=")
        if not name or not re.fullmatch(r"\d{1,9}(,\d{1,9})*", sizes):
            raise InvalidRequest("--shape takes INPUT=N,N,... as in x=1,1,512,512")
        found[name] = tuple(int(size) for size in sizes.split(","))
    return found


def embedding(
    name: str | None,
    kind: InputType | None,
    window_hu: tuple[float, float] | None,
    mean: str | None,
    scale: str | None,
    layout: str | None,
) -> dict[str, Any] | None:
    """The fields of the importer's `Embedding`; None where no preprocessing is asked for."""
    sent, _, taken = (layout or "").upper().partition(":")
    fields = {
        "input": name,
        "datatype": kind.name if kind else None,
        "window_hu": window_hu,
        "mean": numbers("--mean", mean),
        "scale": numbers("--scale", scale),
        "sent": sent or None,
    }
    if not any(fields.values()):
        return None
    return {**fields, "taken": taken} if taken else fields


def int8(
    calibration: Path | None, validation: Path | None, held_out: Path | None, task: str | None
) -> dict[str, Any] | None:
    """The fields of a `QuantiseRequest`; None where no INT8 is asked for."""
    fields = {
        "calibration": calibration,
        "validation": validation,
        "held_out": held_out,
        "task": task,
    }
    if not any(fields.values()):
        return None
    if calibration is None:
        raise InvalidRequest("an INT8 variant needs a labelled set with --calibration")
    return fields
