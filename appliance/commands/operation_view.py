"""Changes that take time, as people and scripts see them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from appliance.admin.operations.operation import Operation, OperationState
from appliance.client.admin import AdminClient
from appliance.commands.console import answers, notes, print_json

INTERRUPTED = 130
STYLES = {OperationState.FAILED: "red", OperationState.RUNNING: "yellow"}


def follow(client: AdminClient, operation: Operation, as_json: bool) -> Operation:
    """Shows the stages of a change until it is done, then says so; raises its error.

    Ctrl-C leaves it to the box and says how to look at it.
    """
    try:
        done = _watched(client, operation, quiet=as_json or not notes.is_terminal)
    except KeyboardInterrupt:
        notes.print(
            f"aibox: operation {operation.id} goes on; `aibox operations list` shows it",
            soft_wrap=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        answers.print(sentence(done), soft_wrap=True, markup=False)
    return done


def sentence(operation: Operation) -> str:
    """What came of it, in one line."""
    told = f"{operation.action} {operation.subject}".removesuffix(" -")
    if operation.error is not None:
        return f"{told} failed: {operation.error.message}"
    parts = [f"{told} is {operation.state}"]
    if operation.result:
        parts.append(operation.result)
    if operation.generation is not None:
        parts.append(f"generation {operation.generation} serves")
    return "; ".join(parts)


def operations_table(operations: Sequence[Operation]) -> Table:
    """Operations, one a line."""
    table = Table(box=None, pad_edge=False)
    for title in ("operation", "asked (UTC)", "who", "action", "subject", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("outcome")
    for each in operations:
        table.add_row(
            each.id,
            each.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            *map(Text, (each.actor, each.action, each.subject)),
            Text(each.state, STYLES.get(each.state, "")),
            Text(_outcome(each)),
        )
    return table


def _outcome(each: Operation) -> str:
    if each.error is not None:
        return each.error.message
    if each.state is OperationState.RUNNING:
        return f"{each.stage} {each.progress:.0%}"
    generation = "" if each.generation is None else f"generation {each.generation}"
    return each.result or generation


def _watched(client: AdminClient, operation: Operation, quiet: bool) -> Operation:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False))
    shown = Progress(*columns, TimeElapsedColumn(), console=notes, disable=quiet, transient=True)
    with shown as progress:
        task = progress.add_task("waiting", total=None)
        return client.wait(operation, _teller(progress, task))


def _teller(progress: Progress, task: object) -> Callable[[Operation], None]:
    def told(now: Operation) -> None:
        stage = now.stage or str(now.state)
        share = f" {now.progress:.0%}" if now.progress else ""
        progress.update(task, description=f"{now.subject}: {stage}{share}")  # type: ignore[arg-type]

    return told
