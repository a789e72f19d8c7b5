"""Which of a mask's regions are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from serving.domain.errors import InvalidRequest
from serving.radiomics.reading.mask_source import Entry

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class RoiSelection:
    """Terms of which a region must meet one; without terms all regions are wanted.

    A term is a name, a pattern with `*`, `?` or `[...]`, or a number; names are compared without
    regard to case and outer blanks, and a name goes before a pattern before a number.
    """

    terms: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str | None) -> RoiSelection:
        """Terms separated by `|`; blank or None wants all."""
        parts = (part.strip() for part in (text or "").split("|"))
        return cls(tuple(part for part in parts if part))

    def choose(self, entries: Sequence[Entry]) -> tuple[Entry, ...]:
        """The wanted ones of `entries`, in their order.

        Raises InvalidRequest where there are none at all, or a term meets none.
        """
        if not entries:
            raise InvalidRequest(
                "the mask is empty: it holds no region at all; draw the region, or give another "
                "mask file"
            )
        if not self.terms:
            return tuple(entries)
        wanted = {entry for term in self.terms for entry in _meeting(term, entries)}
        return tuple(entry for entry in entries if entry in wanted)


def _meeting(term: str, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    asked = term.casefold()
    tests = (
        lambda entry: entry.name.strip().casefold() == asked,
        lambda entry: fnmatchcase(entry.name.strip().casefold(), asked),
        lambda entry: str(entry.number) == asked,
    )
    for test in tests:
        found = tuple(entry for entry in entries if test(entry))
        if found:
            return found
    raise InvalidRequest(
        f"no region of the mask has the name or number asked for; it holds {_numbers(entries)}, "
        "correct the region's name or leave it out to take all"
    )


def _numbers(entries: Sequence[Entry]) -> str:
    """Numbers only: names are free text of the client."""
    shown = ", ".join(str(entry.number) for entry in entries[:_MOST_LISTED])
    more = f" and {len(entries) - _MOST_LISTED} more" if len(entries) > _MOST_LISTED else ""
    if len(entries) == 1:
        return f"one region, numbered {shown}"
    return f"{len(entries)} regions, numbered {shown}{more}"
