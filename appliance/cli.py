"""The command line: `aibox`."""

from __future__ import annotations

import os
import sys
import traceback

import typer

from appliance.commands.certificate_options import (
    CaOption,
    CertOption,
    KeyOption,
    keep_options,
)
from appliance.commands.console import notes
from appliance.lazy_group import LazyCommand, LazyGroup
from serving.domain.errors import AiboxError

ERROR = 1
INTERRUPTED = 130

_AT = "appliance.commands"
COMMANDS = (
    LazyCommand("up", f"{_AT}.up", "up", "Start the box here and keep it running."),
    LazyCommand("down", f"{_AT}.up", "down", "Stop the box of this state directory."),
    LazyCommand("status", f"{_AT}.status", "status", "Say what runs, on which CPUs."),
    LazyCommand("analyze", f"{_AT}.analyze", "analyze", "Send a study, write its findings."),
    LazyCommand("infer", f"{_AT}.infer", "infer", "Run one model on arrays in .npy files."),
    LazyCommand("radiomics", f"{_AT}.radiomics", "commands", "Features, models, predictions."),
    LazyCommand("jobs", f"{_AT}.jobs", "commands", "Follow, stop, fetch and purge jobs."),
    LazyCommand("models", f"{_AT}.models", "commands", "The models of this box."),
    LazyCommand("releases", f"{_AT}.releases", "commands", "Pipelines with exact model versions."),
    LazyCommand("canary", f"{_AT}.canary", "commands", "Try a release on some studies."),
    LazyCommand("shadow", f"{_AT}.shadow", "commands", "Try a release out of sight."),
    LazyCommand("operations", f"{_AT}.operations", "commands", "Changes that were asked for."),
    LazyCommand("zoo", f"{_AT}.zoo", "commands", "Networks of random weights for benchmarks."),
    LazyCommand("plan", f"{_AT}.plan", "plan", "Show which CPUs of this machine do what."),
    LazyCommand("doctor", f"{_AT}.doctor", "doctor", "Say what would stop the box here."),
    LazyCommand("bundle", f"{_AT}.bundle", "commands", "Signed model versions and releases."),
    LazyCommand("keys", f"{_AT}.keys", "commands", "Keys that bundles are signed with."),
    LazyCommand("tokens", f"{_AT}.tokens", "commands", "Who may call this box."),
    LazyCommand("certs", f"{_AT}.certs", "commands", "A private authority, TLS certificates."),
    LazyCommand("audit", f"{_AT}.audit", "commands", "Who did what on this box."),
    LazyCommand("config", f"{_AT}.config", "commands", "Check or show the settings."),
    LazyCommand("demo", f"{_AT}.demo", "demo", "Start a box, analyse a chest CT, stop it."),
)


class Root(LazyGroup):
    """All commands of `aibox`."""

    lazy_commands = COMMANDS


root = typer.Typer(cls=Root, name="aibox", no_args_is_help=True, pretty_exceptions_enable=False)


@root.callback()
def about(ca: CaOption = None, cert: CertOption = None, key: KeyOption = None) -> None:
    """The AI box of a radiology department: images in, findings out. Not a medical device."""
    keep_options(os.environ, ca, cert, key)


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
