"""Score a chest CT model version on every patient: `python -m provisioning.zoo.score --help`.

Writes `metrics.json` beside `model.toml`, and the table between the two marks of a
`MODEL_CARD.md` that lies there.
"""

import argparse
from pathlib import Path

from provisioning.card.patients import PatientScores, write_patient_scores
from provisioning.zoo.covid_ct_data import TEST, TRAIN, VALIDATE
from provisioning.zoo.metrics import score_patients
from serving.domain.manifest import read_manifest

CARD_BEGIN, CARD_END = "<!-- figures: begin -->", "<!-- figures: end -->"


def figures_table(scores: PatientScores) -> str:
    """One Markdown row a patient: slices, lesion voxels, Dice and volume error per variant."""
    variants = list(dict.fromkeys(p.variant for p in scores.patients))
    by_key = {(p.patient, p.variant): p for p in scores.patients}
    titles = ["patient", "role", "slices", "lesion voxels"]
    titles += [f"Dice {v.upper()}" for v in variants]
    titles += [f"volume error {v.upper()}" for v in variants]
    lines = [_line(titles), _line(["---", "---", *["---:"] * (len(titles) - 2)])]
    for name in dict.fromkeys(p.patient for p in scores.patients):
        rows = [by_key[name, variant] for variant in variants]
        first = rows[0]
        cells = [name, first.role, str(first.slices), str(first.lesion_voxels)]
        cells += [f"{p.dice:.3f}" for p in rows]
        cells += ["" if p.volume_error is None else f"{p.volume_error:+.1%}" for p in rows]
        lines.append(_line(cells))
    return "\n".join(lines)


def write_card_figures(scores: PatientScores, card: Path) -> None:
    """Replace what stands between the two marks of `card` by the measured table."""
    before, rest = card.read_text("utf-8").split(CARD_BEGIN)
    after = rest.split(CARD_END)[1]
    card.write_text(f"{before}{CARD_BEGIN}\n{figures_table(scores)}\n{CARD_END}{after}", "utf-8")


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _version_folder(repository: Path, name: str, version: int | None) -> Path:
    """The folder of that version, or of the highest one."""
    if version is None:
        version = max(int(p.name) for p in (repository / name).iterdir() if p.name.isdigit())
    return repository / name / str(version)


def main() -> None:
    """Command line: which model version, which data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repository", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", type=int, help="else the highest")
    parser.add_argument("--data", type=Path, required=True, help="folder of coronacases_*.npz")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    folder = _version_folder(options.repository, options.name, options.version)
    names = [*TRAIN, *VALIDATE, *TEST]
    scores = score_patients(folder, read_manifest(folder), options.data, names, options.threads)
    print(write_patient_scores(scores, folder))
    card = folder / "MODEL_CARD.md"
    if card.exists() and CARD_BEGIN in card.read_text("utf-8"):
        write_card_figures(scores, card)


if __name__ == "__main__":
    main()
