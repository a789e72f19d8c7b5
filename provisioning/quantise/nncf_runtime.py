"""NNCF itself, imported once, silent and with its telemetry off.

It logs to stdout, draws progress bars on rich's global console, makes its own class the one of
all later loggers, and reports every call over the network through `openvino_telemetry`, which
`serving.engine.runtime` made missing.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import rich

from serving.engine.runtime import ov

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
_logger_class = logging.getLoggerClass()

import nncf  # type: ignore[import-untyped]  # noqa: E402
from nncf.quantization import range_estimator  # type: ignore[import-untyped]  # noqa: E402

logging.setLoggerClass(_logger_class)
nncf.set_log_level(logging.CRITICAL)

__all__ = ["nncf", "quiet", "tools", "whole_range"]


@contextmanager
def quiet() -> Iterator[None]:
    """NNCF draws nothing inside; rich's global console is as before afterwards."""
    console = rich.get_console()
    before = console.quiet
    console.quiet = True
    try:
        yield
    finally:
        console.quiet = before


def tools() -> str:
    """What quantised: NNCF's and OpenVINO's versions."""
    return f"nncf {nncf.__version__}, openvino {ov.get_version().split('-')[0]}"


def whole_range() -> Any:
    """The range of an activation: from the least to the largest value of all images."""
    kind, over = range_estimator.StatisticsType, range_estimator.AggregatorType
    collector = range_estimator.StatisticsCollectorParameters
    return range_estimator.RangeEstimatorParameters(
        min=collector(statistics_type=kind.MIN, aggregator_type=over.MIN),
        max=collector(statistics_type=kind.MAX, aggregator_type=over.MAX),
    )
