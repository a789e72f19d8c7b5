"""`aibox radiomics`."""

from __future__ import annotations

import typer

from appliance.commands.radiomics_extract import extract
from appliance.commands.radiomics_predict import predict
from appliance.commands.radiomics_train import train

commands = typer.Typer(
    help="Features of images and regions, models made of them, their predictions.",
    no_args_is_help=True,
    add_completion=False,
)
commands.command()(extract)
commands.command()(train)
commands.command()(predict)
