"""An input or output of a graph, as the steps tell each other of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from serving.domain.tensor import Datatype


class Port(BaseModel):
    """Name, datatype and shape; -1 is a dynamic dimension."""

    model_config = ConfigDict(frozen=True)

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
