"""A cohort's files on their way to the box, none of them under its own name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from appliance.client.radiomics import InputFile
from serving.radiomics.cohort.manifest import CohortCase, Manifest, read_manifest

_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".dcm")
"""By which formats are told; any other suffix stays behind."""


def manifest_file(path: Path) -> InputFile:
    """The manifest alone, for files that the box reads itself. Raises InvalidRequest.

    Relative paths that lead somewhere from the manifest's folder become absolute, as they do on
    the box itself; others are left for the box to look up in its data folders.
    """
    manifest, folder = read_manifest(path), path.parent.resolve()
    cases = tuple(
        replace(
            case,
            image=_in_place(folder, case.image),
            mask=_in_place(folder, case.mask) if case.mask else None,
        )
        for case in manifest.cases
    )
    return InputFile.of_bytes("manifest.csv", _as_csv(replace(manifest, cases=cases)))


def cohort_files(path: Path) -> list[InputFile]:
    """Manifest, images and masks; relative paths count from the manifest's folder.

    Files that are not there stay out: the box then says so for their case. Raises InvalidRequest.
    """
    return case_files(read_manifest(path), path.parent)


def case_files(manifest: Manifest, folder: Path) -> list[InputFile]:
    """As `cohort_files`, of a manifest that is read already."""
    names = _Names(folder)
    cases = tuple(names.renamed(case) for case in manifest.cases)
    table = _as_csv(replace(manifest, cases=cases))
    return [InputFile.of_bytes("manifest.csv", table), *names.files]


def _in_place(folder: Path, text: str) -> str:
    path = folder / text
    return str(path) if path.exists() else text


class _Names:
    """Gives each path a name on the box, one however many cases share it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[Path, str] = {}
        self.files: list[InputFile] = []

    def renamed(self, case: CohortCase) -> CohortCase:
        """The case with the paths that its files have on the box."""
        image = self._name(case.image, f"cases/{case.index}/image")
        mask = self._name(case.mask, f"cases/{case.index}/mask") if case.mask else None
        return replace(case, image=image, mask=mask)

    def _name(self, text: str, place: str) -> str:
        path = (self._folder / text).resolve()
        if path not in self._known:
            self._known[path] = self._add(path, place)
        return self._known[path]

    def _add(self, path: Path, place: str) -> str:
        if path.is_dir():
            for number, file in enumerate(_visible_files(path)):
                name = f"{place}/{number:06d}{_suffix(file)}"
                self.files.append(InputFile.of_path(name, file))
            return place
        name = f"{place}/000000{_suffix(path)}"
        if path.is_file():
            self.files.append(InputFile.of_path(name, path))
        return name


def _visible_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")


def _as_csv(manifest: Manifest) -> bytes:
    """The manifest with the same columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(manifest.columns)
    for case in manifest.cases:
        writer.writerow(_cells(case, manifest.columns))
    return text.getvalue().encode()


def _cells(case: CohortCase, columns: tuple[str, ...]) -> list[str]:
    extra = dict(case.extra)
    return [extra[name] if name in extra else _cell(getattr(case, name)) for name in columns]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)
