"""`Prefer: wait=N` (RFC 7240): how long a caller is ready to wait for the end of a change."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header

LONGEST_WAIT_S = 600
_WAIT = re.compile(r"""wait\s*=\s*"?([0-9]{1,9})"?""", re.IGNORECASE)

Prefer = Annotated[
    str | None,
    Header(
        max_length=200,
        description=f"`wait=N`: answer once the operation has ended, or after N seconds "
        f"(at most {LONGEST_WAIT_S}).",
    ),
]


def wait_s(prefer: str | None) -> int:
    """Seconds to wait; 0 without a wish, or with one that cannot be read: then it is ignored."""
    for preference in (prefer or "").split(","):
        found = _WAIT.fullmatch(preference.strip())
        if found:
            return min(int(found[1]), LONGEST_WAIT_S)
    return 0
