"""`aibox infer`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from appliance.commands.connection import connect
from appliance.commands.console import answers, print_json
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.private_folder import make_private
from serving.domain.errors import InvalidRequest
from serving.domain.lane import Lane
from serving.domain.tensor import AnyArray


class Priority(StrEnum):
    """The lanes by their names."""

    STAT = "stat"
    ROUTINE = "routine"
    BATCH = "batch"

    @property
    def lane(self) -> Lane:
        return Lane.parse(self.value)


PriorityOption = Annotated[
    Priority, typer.Option("--priority", help="stat goes before routine, batch after both.")
]


def infer(
    model: Annotated[str, typer.Argument(help="Name of the model.")],
    inputs: Annotated[
        list[str], typer.Option("--input", help="name=file.npy, once for each input.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for <output>.npy; else only shapes are shown.")
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Else the highest.")] = None,
    precision: Annotated[str, typer.Option(help="A variant, as bf16; else the default.")] = "",
    priority: PriorityOption = Priority.ROUTINE,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one model on arrays in .npy files."""
    arrays = dict(_read_input(text) for text in inputs)
    with connect(address, state) as client:
        answer = client.infer(
            model, arrays, version=version, priority=priority.lane, precision=precision
        )
    files = _write(answer, make_private(output)) if output else {}
    if as_json:
        print_json(
            [
                {"name": n, "dtype": str(a.dtype), "shape": a.shape, "file": files.get(n)}
                for n, a in answer.items()
            ]
        )
        return
    for name, array in answer.items():
        written = f" -> {files[name]}" if name in files else ""
        line = f"{name}  {array.dtype} {list(array.shape)}{written}"
        answers.print(line, soft_wrap=True, markup=False)


def _read_input(text: str) -> tuple[str, AnyArray]:
    name, equals, file = text.partition("=")
    if not (name and equals and file):
        raise typer.BadParameter("write it as name=file.npy", param_hint="--input")
    try:
        # A pickle in the file would run code; arrays of objects are not read.
        return name, np.load(Path(file), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        raise InvalidRequest(
            f"the file for input {name} cannot be read as an .npy array of numbers; "
            "write it with numpy.save"
        ) from None


def _write(answer: dict[str, AnyArray], folder: Path) -> dict[str, str]:
    written = {}
    for index, (name, array) in enumerate(answer.items()):
        safe = name if name.replace("_", "").replace("-", "").isalnum() else f"output{index}"
        path = folder / f"{safe}.npy"
        np.save(path, array, allow_pickle=False)
        written[name] = str(path)
    return written
