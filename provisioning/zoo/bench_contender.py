"""torch eager as a contender: `python -m provisioning.zoo.bench_contender NAME SEED INPUTS`.

`--channels-last` puts weights and images into that layout; the allocator's settings are
environment variables and come from whoever starts this process.
"""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from provisioning.zoo.catalogue import load_eager
from provisioning.zoo.timed_child import as_list, load_inputs, serve

IMAGE_RANK = 4


class TorchContender:
    """The network in inference mode, float32; one worker a CPU, each with one thread of its own."""

    def __init__(self, name: str, seed: int, inputs: Path, channels_last: bool) -> None:
        self._channels_last = channels_last
        self._threads = torch.get_num_threads()
        self._network = load_eager(name, seed)
        if channels_last:
            self._network = self._network.to(memory_format=torch.channels_last)
        self._inputs = [self._laid_out(array) for array in load_inputs(inputs).values()]
        for _ in range(2):
            self.infer()

    def _laid_out(self, array: np.ndarray[Any, Any]) -> torch.Tensor:
        tensor = torch.from_numpy(array)
        if self._channels_last and tensor.dim() == IMAGE_RANK:
            return tensor.contiguous(memory_format=torch.channels_last)
        return tensor

    def facts(self) -> dict[str, Any]:
        return {
            "runtime": f"torch {torch.__version__}",
            "threads": self._threads,
            "image": "x".join(str(size) for size in self._inputs[0].shape[-2:]),
            "channels_last": self._channels_last,
            "allocator": {k: v for k, v in os.environ.items() if k.startswith("MALLOC_")},
        }

    def outputs(self) -> list[np.ndarray[Any, Any]]:
        with torch.inference_mode():
            return [tensor.numpy() for tensor in as_list(self._network(*self._inputs))]

    def infer(self) -> None:
        with torch.inference_mode():
            self._network(*self._inputs)

    def workers(self) -> int:
        return self._threads

    def infer_on(self, worker: int) -> None:
        torch.set_num_threads(1)  # of this worker's thread alone: OpenMP keeps it per thread
        self.infer()

    def profile(self) -> list[dict[str, Any]]:
        return []


def main() -> None:
    """Serves commands on stdin."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("seed", type=int)
    parser.add_argument("inputs", type=Path)
    parser.add_argument("--channels-last", action="store_true")
    given = parser.parse_args()
    serve(TorchContender(given.name, given.seed, given.inputs, given.channels_last))


if __name__ == "__main__":
    main()
