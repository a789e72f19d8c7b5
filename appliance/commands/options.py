"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file; aibox.toml of this folder where there is one."),
]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", help="State directory; else $AIBOX_STATE, else .aibox."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script to read.")]
AddressOption = Annotated[
    str | None,
    typer.Option("--address", help="host:port of the box; else the one on this state directory."),
]
