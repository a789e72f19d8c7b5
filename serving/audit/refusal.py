"""What the disk says against the audit log, as a person should hear it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from serving.domain.errors import AuditUnavailable


@contextlib.contextmanager
def in_one_sentence(verb: str) -> Iterator[None]:
    """Turns an OSError into AuditUnavailable; `verb` is `written` or `read`."""
    try:
        yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise AuditUnavailable(
            f"the audit log cannot be {verb} ({why}); "
            "see to the disk and the rights of the state directory's folder `audit`"
        ) from None
