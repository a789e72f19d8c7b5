"""Writes arrays by tensor name as an `.npz`: the same arrays give the same bytes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from serving.domain.disk import sync
from serving.domain.tensor import AnyArray


def write_tensors(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Writes `path`, compressed, replacing it only when complete.

    `numpy.savez` takes names as keywords, so that a tensor called `file` stops it, and puts the
    time of day into the file.
    """
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy")  # of 1980
            info.compress_type = zipfile.ZIP_DEFLATED
            info.file_size = array.nbytes
            with archive.open(info, "w") as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
    sync(part)
    part.replace(path)
    sync(path.parent)
