"""The zoo's networks as files for a benchmark: built once, kept under bench/zoo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loadtests.box import aibox_command
from provisioning.zoo.catalogue import SEED, example_inputs
from serving.domain.manifest import ModelManifest, read_manifest

ZOO = Path("bench/zoo")
VARIANTS = {"fp32", "bf16", "int8"}


@dataclass(frozen=True, slots=True)
class ZooModel:
    """A built network: its ONNX file and its version folder with every variant."""

    name: str
    onnx: Path
    folder: Path
    manifest: ModelManifest
    seed: int = SEED

    def variant(self, name: str) -> tuple[Path, str]:
        """Path of the IR and the precision hint it is compiled with."""
        found = self.manifest.variants[name]
        return self.folder / found.model, found.inference_precision

    def write_inputs(self, path: Path) -> Path:
        """Writes the example inputs as npz, names as the graph has them."""
        np.savez(path, **example_inputs(self.name, self.seed))
        return path


def repository(root: Path = ZOO) -> Path:
    """The folder of `<model>/<int version>/` that a box can serve."""
    return root / "repository"


def find_or_build(name: str, root: Path = ZOO, rebuild: bool = False) -> ZooModel:
    """The network from `root`, built there by `aibox zoo build` where it is not yet.

    Takes minutes and needs torch where it is built. Raises RuntimeError where the build fails.
    """
    found = None if rebuild else _find(name, root)
    if found is None:
        _build(name, root)
        found = _find(name, root)
    if found is None:
        raise RuntimeError(
            f"`aibox zoo build {name}` left no network with all of FP32, BF16 and INT8"
        )
    return found


def _find(name: str, root: Path) -> ZooModel | None:
    onnx = _onnx(root / name)
    versions = _versions(repository(root) / name)
    if onnx is None or not versions:
        return None
    model = ZooModel(name, onnx, versions[-1], read_manifest(versions[-1]))
    return model if model.manifest.variants.keys() >= VARIANTS else None


def _onnx(kept: Path) -> Path | None:
    return next(iter(sorted(kept.glob("*.onnx"))), None)


def _versions(folder: Path) -> Sequence[Path]:
    found = [path.parent for path in folder.glob("*/model.toml") if path.parent.name.isdigit()]
    return sorted(found, key=lambda path: int(path.name))


def _build(name: str, root: Path) -> None:
    """`--keep` leaves the exported files in a folder of the network's name."""
    repository(root).mkdir(parents=True, exist_ok=True)
    command = [aibox_command(), "zoo", "build", name, "--keep", str(root.absolute()), "--int8"]
    command += ["--repository", str(repository(root).absolute())]
    print(f"building {name}: once, some minutes", file=sys.stderr)
    done = subprocess.run(command, check=False, stdout=sys.stderr)
    if done.returncode != 0:
        raise RuntimeError(f"`aibox zoo build {name}` failed; its last words are above")
