"""Where commands write: answers to stdout, everything else to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console

PIPE_WIDTH = 160
"""Tables in a pipe or file are not squeezed to the 80 columns of a terminal of old."""

answers = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
notes = Console(stderr=True, highlight=False)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout, never wrapped or coloured."""
    typer.echo(json.dumps(value, indent=2, default=str))
