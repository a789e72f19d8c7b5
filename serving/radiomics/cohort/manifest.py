"""A cohort's manifest: which images and masks it has, and what is known of each case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.domain.errors import InvalidRequest
from serving.radiomics.cohort.manifest_cell import (
    checked_path,
    checked_text,
    event_of,
    refused,
    time_of,
)
from serving.radiomics.cohort.manifest_table import (
    ManifestFormat,
    ManifestTable,
    format_of,
    read_manifest_table,
)

MAX_BYTES = 64 * 1024 * 1024
MAX_EXTRA_COLUMNS = 500
KNOWN_COLUMNS = (
    "case_id",
    "image",
    "mask",
    "roi",
    "label",
    "time",
    "event",
    "group",
    "centre",
    "repeat",
)
_REQUIRED = ("case_id", "image")
_ALIASES = {"case": "case_id", "id": "case_id", "center": "centre", "segmentation": "mask"}


@dataclass(frozen=True, slots=True)
class CohortCase:
    """One row of a manifest; texts are as they stand there.

    `case_id`, `image` and `mask` may hold patient data: they go into results, never into logs or
    errors, which say `index` and `row`.
    """

    index: int
    """From 1, in the order of the manifest."""
    row: int
    """As a spreadsheet shows it: the heading is row 1."""
    case_id: str
    image: str
    """A path, relative to the cohort's folder or absolute."""
    mask: str | None = None
    """None where the mask lies beside the image (RTSTRUCT or SEG in the DICOM folder)."""
    roi: str | None = None
    """Terms of `serving.radiomics.reading.RoiSelection`; None: all regions."""
    label: str | None = None
    time: float | None = None
    event: bool | None = None
    group: str | None = None
    centre: str | None = None
    repeat: str | None = None
    """Tells further delineations of the same case apart, such as a second reader's."""
    extra: tuple[tuple[str, str], ...] = ()
    """(column, text) of all other columns; an empty text where the cell is empty."""

    @property
    def place(self) -> str:
        """How an error names the case."""
        return f"case {self.index} (row {self.row})"


@dataclass(frozen=True, slots=True)
class Manifest:
    """The cases in their order; `columns` are those of the file, by their known names."""

    cases: tuple[CohortCase, ...]
    columns: tuple[str, ...]

    @property
    def extra_columns(self) -> tuple[str, ...]:
        return tuple(name for name in self.columns if name not in KNOWN_COLUMNS)


def read_manifest(source: Path | bytes, format: ManifestFormat | None = None) -> Manifest:
    """The manifest in a file or its bytes; without `format` its first bytes tell.

    CSV: UTF-8 (or UTF-16 with its mark), separated by comma, semicolon or tab. Columns:
    `case_id` and `image`, and where there are any `mask`, `roi`, `label`, `time` with `event`,
    `group`, `centre`, `repeat`; all others are kept as they are. Raises InvalidRequest that names
    row and column, never what stands there.
    """
    data = source if isinstance(source, bytes) else _bytes(source)
    if len(data) > MAX_BYTES:
        raise InvalidRequest(
            f"a manifest has at most {MAX_BYTES} bytes and {len(data)} came; split the cohort"
        )
    table = read_manifest_table(data, format or format_of(data))
    columns = _columns(table.heading)
    cases = tuple(_cases(table, columns))
    if not cases:
        raise InvalidRequest("expected a manifest of at least one case, and it has only a heading")
    _require_distinct(cases)
    return Manifest(cases, columns)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        raise InvalidRequest(
            "expected a manifest, and no file can be opened at its path; check the path and who "
            "may read it"
        ) from None


def _columns(heading: tuple[str, ...]) -> tuple[str, ...]:
    """The columns by their known names. Raises InvalidRequest: missing, twice, too many."""
    names = tuple(_known(text, number) for number, text in enumerate(heading, start=1))
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise InvalidRequest(
            f"the manifest has no column {' and no column '.join(missing)}; its first row names "
            f"the columns, at least {' and '.join(_REQUIRED)}"
        )
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            first = names.index(name) + 1
            raise InvalidRequest(
                f"the columns {first} and {number} of the manifest have the same name; rename one"
            )
    if len(names) > len(KNOWN_COLUMNS) + MAX_EXTRA_COLUMNS:
        raise InvalidRequest(f"a manifest has at most {MAX_EXTRA_COLUMNS} columns of its own")
    return names


def _known(text: str, number: int) -> str:
    """The name of a column: known ones without regard to case, blanks and hyphens."""
    name = checked_text(text.strip(), 1, f"{number} (its name)")
    if not name:
        raise InvalidRequest(f"column {number} of the manifest has no name; name it or delete it")
    plain = name.casefold().replace(" ", "_").replace("-", "_")
    plain = _ALIASES.get(plain, plain)
    return plain if plain in KNOWN_COLUMNS else name


def _cases(table: ManifestTable, columns: tuple[str, ...]) -> Iterator[CohortCase]:
    for index, (row, cells) in enumerate(table.rows, start=1):
        if len(cells) > len(columns):
            raise InvalidRequest(
                f"row {row} of the manifest has {len(cells)} cells and the heading "
                f"{len(columns)}; put texts that hold the separator into quotes"
            )
        padded = (*cells, *[""] * (len(columns) - len(cells)))
        texts = {
            name: checked_text(cell.strip(), row, name)
            for name, cell in zip(columns, padded, strict=True)
        }
        yield _case(index, row, texts)


def _case(index: int, row: int, texts: Mapping[str, str]) -> CohortCase:
    for name in _REQUIRED:
        if not texts[name]:
            raise refused(row, name, "expected a text, and the cell is empty")
    known = {name: texts.get(name) or None for name in KNOWN_COLUMNS}
    time, event = time_of(known["time"], row), event_of(known["event"], row)
    if (time is None) != (event is None):
        name = "time" if time is None else "event"
        raise refused(row, name, "time and event go together, and one of them is empty")
    return CohortCase(
        index=index,
        row=row,
        case_id=texts["case_id"],
        image=checked_path(texts["image"], row, "image"),
        mask=checked_path(known["mask"], row, "mask") if known["mask"] else None,
        roi=known["roi"],
        label=known["label"],
        time=time,
        event=event,
        group=known["group"],
        centre=known["centre"],
        repeat=known["repeat"],
        extra=tuple((name, text) for name, text in texts.items() if name not in KNOWN_COLUMNS),
    )


def _require_distinct(cases: tuple[CohortCase, ...]) -> None:
    """Raises InvalidRequest where two rows are of the same case, repeat and regions."""
    seen: dict[tuple[str, str | None, str | None], CohortCase] = {}
    for case in cases:
        first = seen.setdefault((case.case_id, case.repeat, case.roi), case)
        if first is not case:
            raise InvalidRequest(
                f"the rows {first.row} and {case.row} of the manifest have the same case_id; give "
                "each case its own, or tell delineations of one case apart in a column repeat"
            )
