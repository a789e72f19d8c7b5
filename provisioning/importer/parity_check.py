"""Compares the served graph with the source framework on the same inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioning.importer.arrays import read_arrays, write_arrays
from provisioning.importer.convert import Converted
from provisioning.importer.inputs import SEED, generate, given
from provisioning.importer.parity import largest_difference, require_parity
from provisioning.importer.reference import ReferenceOrder, ReferenceRun
from provisioning.importer.request import ImportRequest
from provisioning.sandbox import Limits, run_step
from serving.domain.provenance import Parity
from serving.domain.slices import Progress


@dataclass(frozen=True, slots=True)
class ParityCheck:
    """Files of one comparison: `sent` by callers, and what came of it on either side."""

    request: ImportRequest
    converted: Converted
    work: Path

    @property
    def sent(self) -> Path:
        return self.work / "sent.npz"

    @property
    def got(self) -> Path:
        """Where the served graph's outputs are to be written."""
        return self.work / "got.npz"

    def make_inputs(self, shapes: dict[str, tuple[int, ...]]) -> None:
        """Writes what callers send, and what the network is to see of it.

        Preprocessing that was built into the graph is done here in numpy, so that it is part of
        the comparison.
        """
        ports = self.converted.inputs
        path = self.request.inputs
        arrays = generate(ports, shapes) if path is None else given(path, ports)
        write_arrays(self.sent, arrays)
        if self.request.embed is not None:
            index = self.request.embed.index_in([port.name for port in ports])
            kind = self.converted.source_inputs[index].datatype.numpy
            arrays[index] = self.request.embed.apply(arrays[index]).astype(kind)
        write_arrays(self.work / "seen.npz", arrays)

    def run_reference(self, step: str, source: Path, limits: Limits, report: Progress) -> str:
        """Runs the source framework; returns its name and version."""
        order = ReferenceOrder(
            source=source,
            inputs=self.work / "seen.npz",
            outputs=self.work / "wanted.npz",
            input_names=tuple(port.name for port in self.converted.source_inputs),
            output_names=tuple(port.name for port in self.converted.outputs),
        )
        return run_step(step, order, ReferenceRun, limits, report).framework

    def judge(self, reference: str) -> Parity:
        """The verdict. Raises InvalidRequest where the difference is over the tolerance."""
        difference = largest_difference(
            read_arrays(self.work / "wanted.npz"),
            read_arrays(self.got),
            [port.name for port in self.converted.outputs],
        )
        tolerance = self.request.parity_tolerance
        require_parity(difference, tolerance, reference)
        return Parity(
            reference=reference,
            inputs="given" if self.request.inputs else f"generated, seed {SEED}",
            count=1,
            largest_difference=difference,
            tolerance=tolerance,
        )
