"""`aibox --ca --cert --key`: how every command knows the box, and is known by it."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Annotated

import typer

CA_VARIABLE, CERT_VARIABLE, KEY_VARIABLE = "AIBOX_CA", "AIBOX_CERT", "AIBOX_KEY"

CaOption = Annotated[
    Path | None,
    typer.Option("--ca", help=f"Authority of the box's certificate (TLS); else ${CA_VARIABLE}."),
]
CertOption = Annotated[
    Path | None,
    typer.Option("--cert", help=f"Client certificate (mTLS); else ${CERT_VARIABLE}."),
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help=f"Key of that certificate; else ${KEY_VARIABLE}.")
]


def keep_options(
    environment: MutableMapping[str, str], ca: Path | None, cert: Path | None, key: Path | None
) -> None:
    """Writes what was given into the environment, where `connection` finds it for any command.

    The options stand before the command's name, so that no command has to know of them.
    """
    for name, path in ((CA_VARIABLE, ca), (CERT_VARIABLE, cert), (KEY_VARIABLE, key)):
        if path is not None:
            environment[name] = str(path)
