"""Text from outside, made harmless to show and to store."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls (bidi overrides among them), surrogates, private use, unassigned, line separators."""


def plain(text: str, limit: int) -> str:
    """One line without control characters, at most `limit` characters, an ellipsis when cut.

    Bidi controls go: they can make a name read as another one. Right-to-left letters keep their
    own direction without them.
    """
    head = text[: limit * 4 + 64]
    kept = "".join(" " if c in "\t\r\n" else c for c in head if _shown(c))
    line = " ".join(kept.split())
    if len(line) <= limit and len(head) == len(text):
        return line
    return line[: limit - 1].rstrip() + ELLIPSIS


def _shown(character: str) -> bool:
    return character in "\t\r\n" or unicodedata.category(character) not in _DROPPED
