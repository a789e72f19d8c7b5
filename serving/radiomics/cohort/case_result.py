"""What came out of one case."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from serving.radiomics.cohort.manifest import CohortCase

Status = Literal["ok", "failed"]


class RoiRow(BaseModel):
    """One region: its features by tag, or why there are none."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    roi: str
    """The region's name in the mask: free text of the client."""
    number: int
    """Its number in the mask."""
    features: dict[str, float] = {}
    error: str = ""
    notices: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        return "failed" if self.error else "ok"


class CaseResult(BaseModel):
    """One case of a cohort: `failed` where no region of it gave features.

    Holds no patient data but the names of regions; `index` leads to the rest in the manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    index: int
    row: int
    status: Status
    rows: tuple[RoiRow, ...] = ()
    error: str = ""
    """Empty where the status is ok; else one sentence without patient data."""
    notices: tuple[str, ...] = ()
    modality: str = ""
    seconds: float = 0.0
    peak_memory_bytes: int = 0
    """Of the process while it worked on the case, its libraries included."""

    @classmethod
    def failed(cls, case: CohortCase, error: str, seconds: float = 0.0) -> CaseResult:
        """A case without any features."""
        return cls(index=case.index, row=case.row, status="failed", error=error, seconds=seconds)

    @property
    def line(self) -> str:
        """What a list of failed cases says of it."""
        return f"case {self.index} (row {self.row}): {self.error or 'done'}"
