"""Steps and predictors to and from records of plain values.

The list of what can be loaded is `_KINDS`: a record of any other kind is refused, and no name in
a file ever leads to an import.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from serving.domain.errors import CorruptModel
from serving.radiomics.modelling.array_file import Array, ArrayWriter
from serving.radiomics.modelling.predictors import (
    Constant,
    Cox,
    KernelMachine,
    Logistic,
    Predictor,
    Trees,
)
from serving.radiomics.modelling.steps import (
    FillMissing,
    Harmonise,
    Keep,
    Project,
    Standardise,
    Step,
)

Part = Step | Predictor
_KINDS: dict[str, type[Part]] = {
    kind.kind: kind
    for kind in (
        FillMissing,
        Keep,
        Standardise,
        Project,
        Harmonise,
        Constant,
        Logistic,
        KernelMachine,
        Trees,
        Cox,
    )
}


class Record(BaseModel):
    """One part: `arrays` holds numbers of arrays, by the part's own field names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str
    arrays: dict[str, int] = {}
    numbers: dict[str, float | int] = {}
    words: dict[str, str | list[str]] = {}


def encode(part: Part, writer: ArrayWriter) -> Record:
    """The part's fields, arrays handed to `writer`."""
    arrays: dict[str, int] = {}
    numbers: dict[str, float | int] = {}
    words: dict[str, str | list[str]] = {}
    for each in fields(part):
        value = getattr(part, each.name)
        if isinstance(value, np.ndarray):
            arrays[each.name] = writer.add(value)
        elif isinstance(value, str):
            words[each.name] = value
        elif isinstance(value, tuple):
            words[each.name] = list(value)
        else:
            numbers[each.name] = value
    return Record(kind=part.kind, arrays=arrays, numbers=numbers, words=words)


def decode(record: Record, arrays: Sequence[Array]) -> Part:
    """The part that `encode` was given. Raises CorruptModel."""
    kind = _KINDS.get(record.kind)
    if kind is None:
        raise CorruptModel("the stored model holds a part of a kind that this version cannot read")
    values: dict[str, Any] = dict(record.numbers)
    for name, word in record.words.items():
        values[name] = tuple(word) if isinstance(word, list) else word
    for name, number in record.arrays.items():
        if not 0 <= number < len(arrays):
            raise CorruptModel("the stored model names an array that it does not hold")
        values[name] = arrays[number]
    if values.keys() != {each.name for each in fields(kind)}:
        raise CorruptModel(f"a part of the stored model ({record.kind}) lacks fields or has others")
    return kind(**values)
