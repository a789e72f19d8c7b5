"""The networks of the zoo by name: what each is, and how to get it and an input for it.

Needs torch only where a network is built, so that `aibox zoo list` works everywhere.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from provisioning.zoo.chest_entries import HRNET_W18, NESTED_UNET_512
from provisioning.zoo.classification_entries import INCEPTION_RESNET_V2, INCEPTION_V4
from provisioning.zoo.detection_entries import RETINANET_R50
from provisioning.zoo.entry import ZooEntry, smooth_noise
from serving.domain.errors import InvalidRequest

ENTRIES: tuple[ZooEntry, ...] = (
    NESTED_UNET_512,
    HRNET_W18,
    RETINANET_R50,
    INCEPTION_V4,
    INCEPTION_RESNET_V2,
)
SEED = 7


def find(name: str) -> ZooEntry:
    """The entry of that name. Raises InvalidRequest, naming those there are."""
    for entry in ENTRIES:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in ENTRIES)
    raise InvalidRequest(f"the zoo has no network {name}; it has {known}")


def load_eager(name: str, seed: int = SEED) -> Any:
    """The network as served: a torch.nn.Module in eval mode, its weights drawn from `seed`.

    It takes one tensor, shaped and typed as `example_inputs` gives it, and returns a tensor,
    or for more than one output a tuple in the order of `ZooEntry.outputs`. Building draws from
    torch's global generator and leaves it seeded. Raises InvalidRequest without torch.
    """
    module, function = find(name).network.split(":")
    try:
        return getattr(import_module(module), function)(seed)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise missing_torch() from error


def example_inputs(
    name: str, seed: int = SEED, shape: tuple[int, ...] | None = None
) -> dict[str, NDArray[Any]]:
    """Inputs by name, drawn from `seed`; `shape` else the entry's example size."""
    wanted = find(name).input
    image = smooth_noise(shape or wanted.example, wanted.values, wanted.dtype, seed)
    return {wanted.name: image}


def missing_torch() -> InvalidRequest:
    """What to tell people who would build a network where torch is not installed."""
    return InvalidRequest(
        "building a network needs torch: run `make install-zoo`, "
        "then the same command as .venv-zoo/bin/aibox"
    )
