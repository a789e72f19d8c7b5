"""One variant, compiled as the box compiles it, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provisioning.importer.speed import compile_for_box
from serving.domain.errors import InvalidRequest
from serving.domain.manifest import ModelManifest
from serving.domain.tensor import AnyArray, Datatype
from serving.engine.datatypes import to_array, to_spec
from serving.engine.runtime import ov

UNCOMPARED = {Datatype.BF16, Datatype.BYTES}
"""Held as bits and as objects: `.npz` has no such values."""


class VariantRun:
    """Compiled in this very process; holds the network until it is dropped."""

    def __init__(self, folder: Path, manifest: ModelManifest, name: str) -> None:
        """Raises InvalidRequest where it does not compile."""
        variant = manifest.variants[name]
        hint = variant.inference_precision
        self._name = name
        self._compiled = compile_for_box(folder / variant.model, hint)
        self._inputs = {entry.name for entry in manifest.inputs}
        self._outputs = {entry.name for entry in manifest.outputs}
        effective = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.is_native = effective == hint
        """Whether this machine computes it in the precision that it was made for."""

    def answers(self, inputs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Outputs by name, in copies of their own. Raises InvalidRequest where it does not run."""
        request = self._compiled.create_infer_request()
        for index, port in enumerate(self._compiled.inputs):
            name = to_spec(port, self._inputs).name
            request.set_input_tensor(index, ov.Tensor(inputs[name]))
        try:
            request.infer()
        except RuntimeError:
            raise InvalidRequest(
                f"the variant {self._name} does not run on the inputs of the self-test; "
                "give others with --inputs"
            ) from None
        found = {}
        for port, tensor in zip(self._compiled.outputs, request.output_tensors, strict=True):
            spec = to_spec(port, self._outputs)
            if spec.datatype not in UNCOMPARED:
                found[spec.name] = to_array(tensor, spec.datatype).copy()
        return found
