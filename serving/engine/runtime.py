"""OpenVINO itself, imported once and with its telemetry off.

`import openvino` sends an "import" event over the network unless its telemetry package is
missing, in which case it uses an empty stand-in of its own. A hospital's box sends nothing, and
an operator's home folder is not ours to put an opt-out file into, so the package is made to look
missing before the first import.
"""

from __future__ import annotations

import sys

_TELEMETRY = "openvino_telemetry"
if "openvino" not in sys.modules:
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]

import openvino as ov  # noqa: E402
from openvino._offline_transformations import apply_moc_transformations  # noqa: E402

__all__ = ["apply_moc_transformations", "ov", "telemetry_is_off"]


def telemetry_is_off() -> bool:
    """Whether OpenVINO in this process can send nothing."""
    return sys.modules.get(_TELEMETRY) is None
