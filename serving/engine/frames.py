"""Image sizes of a model whose rows and columns are dynamic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest
from serving.domain.tensor import Tensor, TensorSpec

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Frames:
    """The (rows, columns) that a model was made for, the largest first; empty: nothing is said.

    The model is compiled and run for each of these at loading, and no other size is taken: one
    that the graph cannot run would spoil the compiled model.
    """

    sizes: tuple[Size, ...] = ()

    @classmethod
    def of(cls, manifest: ModelManifest) -> Frames:
        """What the manifest's preprocessing names."""
        preprocessing = manifest.preprocessing
        if preprocessing is None:
            return cls()
        whole = (preprocessing.rows, preprocessing.columns)
        every = {whole, *preprocessing.frames}
        return cls(tuple(sorted(every, key=lambda size: size[0] * size[1], reverse=True)))

    def shapes(self, spec: TensorSpec) -> tuple[tuple[int, ...], ...]:
        """One element in every size; where the input is no image of any size, in one shape."""
        single = tuple(1 if size == -1 else size for size in spec.shape)
        if not self.govern(spec):
            return (single,)
        return tuple((*single[:2], *size) for size in self.sizes)

    def check(self, specs: Sequence[TensorSpec], inputs: Sequence[Tensor]) -> None:
        """Raises InvalidRequest for an image of a size that is none of these."""
        for spec, tensor in zip(specs, inputs, strict=True):
            if self.govern(spec) and tensor.array.shape[2:] not in self.sizes:
                known = ", ".join(f"{rows}x{columns}" for rows, columns in self.sizes)
                raise InvalidRequest(
                    f"input {spec.name} takes (rows x columns) {known}; "
                    f"{list(tensor.array.shape)} came"
                )

    def govern(self, spec: TensorSpec) -> bool:
        """Whether the input is an image of rows and columns that these sizes are for."""
        return bool(self.sizes) and len(spec.shape) == 4 and spec.shape[2:] == (-1, -1)
