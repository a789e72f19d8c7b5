"""Quantisation as a step for a process of its own: NNCF and OpenVINO are imported there alone."""

from __future__ import annotations

from provisioning.quantise.add import add_int8
from provisioning.quantise.order import QuantiseOrder
from serving.domain.manifest import ModelManifest
from serving.domain.slices import Progress


def quantise(arguments: QuantiseOrder, report: Progress) -> ModelManifest:
    """`add_int8` in this process. Raises InvalidRequest."""
    return add_int8(arguments.folder, arguments.manifest, arguments.request, report)
