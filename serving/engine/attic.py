"""Versions that serve no longer and stay in memory, so that a rollback needs no loading."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from serving.domain.model_set import ServedVersion
from serving.engine.compiled_model import CompiledModel

Variants = Mapping[str, CompiledModel]
"""What is compiled of one version, by variant."""


class Attic:
    """Bounded in bytes; what was not used for longest goes first."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[ServedVersion, Variants] = OrderedDict()

    def keep(self, version: ServedVersion, variants: Variants) -> None:
        """Puts a version away, as the one used last."""
        self._kept[version] = variants
        self._kept.move_to_end(version)

    def take(self, version: ServedVersion) -> Variants | None:
        """Hands a version back, if it is here."""
        return self._kept.pop(version, None)

    def find(self, name: str, number: int) -> Variants | None:
        """The version of this number that was put away last; it counts as used."""
        for version in reversed(self._kept):
            if version.key == (name, number):
                self._kept.move_to_end(version)
                return self._kept[version]
        return None

    def surplus(self) -> list[tuple[ServedVersion, list[CompiledModel]]]:
        """Takes out what is over the budget, the one used last never unless the budget is 0."""
        out = []
        while self._kept and self._bytes() > self._budget_bytes:
            if len(self._kept) == 1 and self._budget_bytes > 0:
                break
            version, variants = self._kept.popitem(last=False)
            out.append((version, list(variants.values())))
        return out

    def _bytes(self) -> int:
        return sum(m.resident_bytes for variants in self._kept.values() for m in variants.values())
