"""`aibox demo`."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from appliance.box_child import running_box
from appliance.box_config import BoxConfig, load_config
from appliance.client import AiboxClient
from appliance.commands.analyze import FAILED, analyze_study, fetch_results
from appliance.commands.console import answers, notes
from appliance.commands.infer import Priority
from appliance.commands.job_view import sentence
from appliance.commands.options import ConfigOption, StateOption
from appliance.findings_table import print_report, read_report
from appliance.local_address import local_address
from appliance.state_dir import StateDir
from appliance.study_truth import read_truth
from appliance.synthetic_study import make_synthetic_study
from appliance.truth_table import truth_table
from serving.domain.job import JobState


def demo(
    study: Annotated[
        Path | None,
        typer.Option(exists=True, help="Folder, file or zip of DICOM; else a synthetic chest CT."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder; else results/<job>.")] = None,
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Start a box, analyse a chest CT, show and write the findings, stop the box."""
    chosen = load_config(config, state)
    path, truth = (study, None) if study else synthetic_study(chosen.state)
    with ExitStack() as stack:
        with notes.status("starting the box; this takes about half a minute"):
            stack.enter_context(running_box(chosen, config))
        _analyze(chosen, path, truth, out)
        notes.print("stopping the box")


def synthetic_study(state: StateDir) -> tuple[Path, Path]:
    """The synthetic study of this state directory and its truth, made where they are not whole."""
    folder = state.root / "demo"
    study, truth_file = folder / "study", folder / "truth.json"
    if not truth_file.exists():
        with notes.status("making a synthetic chest CT study"):
            state.prepare()
            shutil.rmtree(folder, ignore_errors=True)
            truth = make_synthetic_study(study)
            truth_file.write_text(truth.model_dump_json(indent=2), "utf-8")
    return study, truth_file


def _analyze(config: BoxConfig, path: Path, truth: Path | None, out: Path | None) -> None:
    with AiboxClient(local_address(config.state) or config.grpc_address) as client:
        job = analyze_study(client, path, "", Priority.ROUTINE, quiet=False)
        if job.state is not JobState.DONE:
            notes.print(f"aibox: {sentence(job)}", style="red", markup=False, soft_wrap=True)
            raise typer.Exit(FAILED)
        folder = fetch_results(client, job, out)
    report = read_report(folder)
    print_report(answers, report)
    if truth is not None:
        answers.print(truth_table(report, read_truth(truth)))
    answers.print(f"results in {folder}; open {folder / 'report.html'}", soft_wrap=True)
