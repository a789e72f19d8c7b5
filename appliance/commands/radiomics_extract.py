"""`aibox radiomics extract`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from appliance.commands.infer import Priority, PriorityOption
from appliance.commands.options import AddressOption, JsonOption, StateOption
from appliance.commands.radiomics_case import OneCase, extract_here, extract_on_box, segment_on_box
from appliance.commands.radiomics_cohort import CohortWish, extract_cohort
from appliance.commands.settings_toml import settings_json


def extract(
    out: Annotated[Path, typer.Option(help="CSV file for one case; folder for a cohort.")],
    image: Annotated[
        Path | None, typer.Option(exists=True, help="DICOM folder, NIfTI or NRRD file.")
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(exists=True, help="RTSTRUCT, DICOM SEG, NIfTI or NRRD file.")
    ] = None,
    roi: Annotated[str, typer.Option(help="Name, pattern or label of the region; else all.")] = "",
    segment: Annotated[
        str, typer.Option(help="Let this pipeline of the box make the mask: chest_ct.")
    ] = "",
    manifest: Annotated[
        Path | None, typer.Option(exists=True, help="Cohort: CSV or Parquet, a case a row.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="The box reads the manifest's paths itself.")
    ] = False,
    preset: Annotated[str, typer.Option(help="ibsi-a to ibsi-e.")] = "",
    settings: Annotated[
        Path | None, typer.Option(exists=True, help="TOML of settings; goes before --preset.")
    ] = None,
    local: Annotated[
        bool, typer.Option("--local", help="One case, in this process, without a box.")
    ] = False,
    priority: PriorityOption = Priority.BATCH,
    address: AddressOption = None,
    state: StateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute radiomics features of one case, or of every case of a cohort.

    One case: --image with --mask or --segment, --out names a CSV file; exit 1 where it fails.
    A cohort: --manifest, --out names a folder; exit 0 once the job is done, though some of its
    cases may have failed: they are listed at the end and in summary.json. Exit 2 on wrong usage.
    """
    _check_usage(image, mask, manifest, segment, local, in_place)
    given = settings_json(settings)
    if manifest is not None:
        wish = CohortWish(manifest, in_place, preset, given, priority.lane)
        extract_cohort(wish, out, address, state, as_json)
        return
    assert image is not None, "checked above"
    case = OneCase(image, mask, roi, preset, given, priority.lane)
    if local:
        extract_here(case, out, as_json)
    elif segment:
        segment_on_box(case, segment, out, address, state, as_json)
    else:
        extract_on_box(case, out, address, state, as_json)


def _check_usage(
    image: Path | None,
    mask: Path | None,
    manifest: Path | None,
    segment: str,
    local: bool,
    in_place: bool,
) -> None:
    """Raises BadParameter for options that do not go together."""
    if (image is None) == (manifest is None):
        raise typer.BadParameter("give --image or --manifest", param_hint="--image")
    if manifest is not None and (mask or segment or local):
        raise typer.BadParameter(
            "--mask, --segment and --local are for one case", param_hint="--manifest"
        )
    if in_place and manifest is None:
        raise typer.BadParameter("goes with --manifest", param_hint="--in-place")
    if segment and (mask or local):
        raise typer.BadParameter(
            "the box makes the mask; leave --mask and --local out", param_hint="--segment"
        )
