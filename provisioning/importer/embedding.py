"""Preprocessing that is built into a graph, and the same arithmetic in numpy to check it by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from serving.domain.errors import InvalidRequest
from serving.domain.tensor import Datatype

Layout = Annotated[str, StringConstraints(pattern=r"^[NCDHW]{2,5}$")]
_RANGES = {Datatype.INT16: (-32768.0, 32767.0), Datatype.UINT8: (0.0, 255.0)}


class Embedding(BaseModel):
    """Callers send `datatype` in layout `sent`; the network takes floats in layout `taken`.

    In between: clip to the window, subtract `mean`, divide by `scale` (one value, or one for each
    channel). A window without mean and scale maps its ends to 0 and 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str | None = None
    """Name of the input; None: the only one."""
    datatype: Literal[Datatype.INT16, Datatype.UINT8] | None = None
    """None: as the network takes it."""
    window_hu: tuple[float, float] | None = None
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    sent: Layout | None = None
    taken: Layout = Field(default="NCHW", validate_default=False)

    @model_validator(mode="after")
    def _is_sound(self) -> Embedding:
        if self.window_hu is not None and not self.window_hu[0] < self.window_hu[1]:
            raise ValueError("a window's low end is below its high end")
        if any(value == 0 or not np.isfinite(value) for value in self.scale):
            raise ValueError("a scale is a finite number other than 0")
        if not all(np.isfinite(value) for value in (*self.mean, *(self.window_hu or ()))):
            raise ValueError("mean and window are finite numbers")
        if self.sent is not None and sorted(self.sent) != sorted(self.taken):
            raise ValueError("both layouts name the same axes")
        return self

    @property
    def clip(self) -> tuple[float, float] | None:
        """What values are clipped to.

        Integers are always clipped, if only to their range: an INT8 graph does not compile where
        nothing stands between the conversion from int16 and a mean (OpenVINO 2026.4).
        """
        return self.window_hu or (_RANGES[self.datatype] if self.datatype else None)

    @property
    def shift(self) -> tuple[float, ...]:
        """Subtracted after clipping; empty for nothing."""
        return self.mean if self._given or self.window_hu is None else (self.window_hu[0],)

    @property
    def divisor(self) -> tuple[float, ...]:
        """Divided by at last; empty for nothing."""
        if self._given or self.window_hu is None:
            return self.scale
        return (self.window_hu[1] - self.window_hu[0],)

    @property
    def _given(self) -> bool:
        return bool(self.mean or self.scale)

    def index_in(self, names: Sequence[str]) -> int:
        """Which of the model's inputs it is for. Raises InvalidRequest."""
        if self.input is None and len(names) == 1:
            return 0
        if self.input is None:
            raise InvalidRequest("the model has several inputs; name one for the preprocessing")
        if self.input not in names:
            raise InvalidRequest(
                f"the model has no input {self.input} to put preprocessing before; "
                f"its inputs are {', '.join(names)}"
            )
        return names.index(self.input)

    def apply(self, sent: NDArray[Any]) -> NDArray[np.float32]:
        """What the network is to see of an array that a caller sent, float32."""
        values = sent.astype(np.float32)
        if self.clip is not None:
            values = np.clip(values, *self.clip)
        if self.sent is not None:
            values = values.transpose([self.sent.index(axis) for axis in self.taken])
        if self.shift:
            values = values - self._along_channels(self.shift, values.ndim)
        if self.divisor:
            values = values / self._along_channels(self.divisor, values.ndim)
        return np.ascontiguousarray(values, np.float32)

    def _along_channels(self, values: tuple[float, ...], rank: int) -> NDArray[np.float32]:
        if len(values) == 1:
            return np.asarray(values[0], np.float32)
        shape = [1] * rank
        shape[self.taken.index("C")] = len(values)
        return np.asarray(values, np.float32).reshape(shape)
