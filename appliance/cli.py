"""The command line: `aibox`."""

from __future__ import annotations

import sys
import traceback

import typer

from appliance.commands.console import notes
from appliance.commands.up import down, up
from serving.domain.errors import AiboxError

ERROR = 1
INTERRUPTED = 130

root = typer.Typer(
    name="aibox",
    help="The AI box of a radiology department: images in, findings out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
root.command()(up)
root.command()(down)


def app() -> None:
    """Entry point: an error becomes one sentence on stderr and an exit code, never a traceback."""
    try:
        root()
    except AiboxError as error:
        _fail(error.message)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(ERROR)
    except Exception as error:
        # The text of an unknown error may quote a file's content; its place may not.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _fail(f"unexpected {type(error).__name__} at {frame.name}:{frame.lineno}; report this")


def _fail(sentence: str) -> None:
    notes.print(f"aibox: {sentence}", style="red", markup=False, soft_wrap=True)
    sys.exit(ERROR)


if __name__ == "__main__":
    app()
