"""What `chest_ct` needs of whoever writes its result files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from serving.pipelines.analysis import ChestCtAnalysis


class ReportWriter(Protocol):
    """Writes the result files of one analysis."""

    def write(self, analysis: ChestCtAnalysis, results_dir: Path) -> None:
        """Writes every file into `results_dir`, an existing folder; running twice is harmless."""
        ...
