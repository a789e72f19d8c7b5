"""The cases of an Extract job, with paths that may be opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from serving.domain.errors import InvalidRequest
from serving.domain.radiomics import INPUT_FOLDER, RadiomicsHeader
from serving.radiomics.cohort.manifest import CohortCase, Manifest, read_manifest

MANIFEST_NAMES = ("manifest.csv", "manifest.parquet")


@dataclass(frozen=True, slots=True)
class JobCases:
    """The manifest, and the folder in which the paths of its cases are looked up."""

    manifest: Manifest
    root: Path

    def paths(self) -> Iterator[Path]:
        """Every image and mask."""
        for case in self.manifest.cases:
            yield self.root / case.image
            if case.mask is not None:
                yield self.root / case.mask


def job_cases(header: RadiomicsHeader, folder: Path, data_folders: Sequence[Path]) -> JobCases:
    """The cases of the job whose files lie in `folder`.

    Sent files are looked up among themselves; with `in_place` every path has to lie below one of
    `data_folders`, links followed. Raises InvalidRequest.
    """
    files = folder / INPUT_FOLDER
    manifest = read_manifest(_manifest_path(files))
    if not header.in_place:
        return JobCases(manifest, files)
    if not data_folders:
        raise InvalidRequest(
            "this box reads no files in place: its setting radiomics.data_folders names no "
            "folder; set it, or send the files with the manifest"
        )
    bases = tuple(base.resolve() for base in data_folders)
    cases = tuple(_resolved(case, bases) for case in manifest.cases)
    return JobCases(replace(manifest, cases=cases), Path("/"))


def _manifest_path(files: Path) -> Path:
    found = [files / name for name in MANIFEST_NAMES if (files / name).is_file()]
    if len(found) != 1:
        raise InvalidRequest(
            f"a cohort comes with one file named {' or '.join(MANIFEST_NAMES)}; {len(found)} came"
        )
    return found[0]


def _resolved(case: CohortCase, bases: Sequence[Path]) -> CohortCase:
    mask = None if case.mask is None else _below(case.mask, bases, case, "mask")
    return replace(case, image=_below(case.image, bases, case, "image"), mask=mask)


def _below(text: str, bases: Sequence[Path], case: CohortCase, column: str) -> str:
    """The absolute path; a relative one is looked for in each folder, the first one's counts."""
    candidates = [(base / text).resolve() for base in bases]
    allowed = [path for path in candidates if any(path.is_relative_to(base) for base in bases)]
    if not allowed:
        raise InvalidRequest(
            f"row {case.row}, column {column} of the manifest: the path lies outside of the "
            "folders that radiomics.data_folders names; move the files there or send them"
        )
    return str(next((path for path in allowed if path.exists()), allowed[0]))
