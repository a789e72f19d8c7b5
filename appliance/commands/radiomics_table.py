"""Where train and predict have their table from: a file, or an Extract job of the box."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

TableArgument = Annotated[
    Path | None, typer.Argument(exists=True, dir_okay=False, help="Feature table, CSV or Parquet.")
]
JobOption = Annotated[
    str, typer.Option("--job", help="Id of an Extract job, in place of a table file.")
]


def table_source(table: Path | None, job: str) -> Path | str:
    """The table's path or the job's id. Raises BadParameter unless it is exactly one."""
    if table is not None and not job:
        return table
    if job and table is None:
        return job
    raise typer.BadParameter("name one table file, or one job with --job", param_hint="TABLE")
