"""Keeps pydicom and its decoders from telling anyone what stands in a file."""

from __future__ import annotations

import logging
import warnings

from pydicom import config

_SPEAKERS = r"(pydicom|pylibjpeg|openjpeg|libjpeg|serving\.dicom)(\.|$)"
_LOGGERS = ("pydicom", "pylibjpeg", "openjpeg", "libjpeg")


def quiet() -> None:
    """Silences pydicom's logger and warnings in this process; safe to call again and again.

    Both quote tag values, and so patient data. The setting is process-wide on purpose:
    `warnings.catch_warnings` is not safe between threads, and a leak in any thread is a leak.
    Called at each entry to this package, since others may have put filters before it since.
    """
    config.settings.reading_validation_mode = config.IGNORE
    for name in _LOGGERS:
        logging.getLogger(name).disabled = True
    if not warnings.filters or not _is_ours(warnings.filters[0]):
        warnings.filterwarnings("ignore", module=_SPEAKERS)


def _is_ours(entry: tuple[object, ...]) -> bool:
    module = entry[3]
    return entry[0] == "ignore" and getattr(module, "pattern", "") == _SPEAKERS
