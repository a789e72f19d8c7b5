"""Where commands write: answers to stdout, everything else to stderr."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console

answers = Console(highlight=False)
notes = Console(stderr=True, highlight=False)


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document on stdout, never wrapped or coloured."""
    typer.echo(json.dumps(value, indent=2, default=str))
