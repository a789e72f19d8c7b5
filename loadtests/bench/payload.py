"""A ready-made ModelInferRequest of zeros, described in a word: `hu:INT16:1x1x256x256`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from inference import grpc_service_pb2 as pb

ELEMENT_BYTES = {"FP32": 4, "INT16": 2}


@dataclass(frozen=True, slots=True)
class Payload:
    """One input: its name, datatype and shape."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    @classmethod
    def parse(cls, word: str) -> Payload:
        """From `name:datatype:AxBxC`."""
        name, datatype, shape = word.split(":")
        return cls(name, datatype, tuple(int(n) for n in shape.split("x")))

    def request(self, model: str, priority: int = 2) -> bytes:
        """The serialised request; priority 1 stat, 2 routine, 3 batch."""
        raw = bytes(ELEMENT_BYTES[self.datatype] * math.prod(self.shape))
        request = pb.ModelInferRequest(model_name=model, raw_input_contents=[raw])
        request.inputs.add(name=self.name, datatype=self.datatype, shape=self.shape)
        request.parameters["priority"].uint64_param = priority
        return request.SerializeToString()
