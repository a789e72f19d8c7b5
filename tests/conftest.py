"""What every test session needs before the product is imported."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def _kernels_digest() -> str:
    """Of all sources that numba may compile together."""
    digest = hashlib.sha256()
    for source in sorted((_ROOT / "serving" / "radiomics").rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


# numba looks at one file's age only: machine code with an inlined function of another file would
# outlive a change of that file, and the tests would judge code that no longer exists.
os.environ["NUMBA_CACHE_DIR"] = str(_ROOT / ".pytest_cache" / f"numba-{_kernels_digest()}")
