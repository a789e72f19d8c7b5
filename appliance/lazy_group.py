"""A group of commands whose modules are imported only when one of them is called.

`aibox --help` and a shell's completion need names and one line each, not numpy or grpc.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """`attribute` of `module`: a command's function, or a Typer with commands of its own."""

    name: str
    module: str
    attribute: str
    help: str

    def load(self) -> Any:
        """The command, imported."""
        found = getattr(import_module(self.module), self.attribute)
        if not isinstance(found, typer.Typer):
            function, found = found, typer.Typer(add_completion=False)
            found.command(self.name)(function)
        return typer.main.get_command(found)


class LazyGroup(TyperGroup):
    """Shows placeholders in its help and puts the real command in place when it is called."""

    lazy_commands: ClassVar[tuple[LazyCommand, ...]] = ()

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for lazy in self.lazy_commands:
            self.add_command(TyperCommand(lazy.name, help=lazy.help), lazy.name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Loads the command that is asked for."""
        for lazy in self.lazy_commands:
            if args and args[0] == lazy.name:
                self.add_command(lazy.load(), lazy.name)
        return super().resolve_command(ctx, args)
