"""A slice model that runs in the model servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from serving.domain.errors import AiboxError, ModelNotFound, ModelNotReady, Overloaded
from serving.domain.inference import ModelStatus
from serving.domain.lane import Lane
from serving.domain.manifest import ModelManifest
from serving.domain.slices import Progress
from serving.graph.stack_task import StackTask


class RemoteSliceModel:
    """A SliceModel (domain) over the handle of the `ModelServer` deployment; call from a thread.

    `version` None means the stable one, as it is now: whatever is switched later, this object
    stays with the version that it has described. Raises ModelNotFound.
    """

    def __init__(
        self,
        handle: DeploymentHandle,
        model_name: str,
        lane: Lane,
        stacks_dir: Path,
        version: int | None = None,
    ) -> None:
        self._handle = handle
        self._lane = lane
        self._stacks_dir = stacks_dir
        self._status: ModelStatus
        self._manifest: ModelManifest
        with domain_errors():
            self._status, self._manifest = handle.describe.remote(model_name, version).result()

    @property
    def status(self) -> ModelStatus:
        """The model as a model server compiled it."""
        return self._status

    @property
    def manifest(self) -> ModelManifest:
        return self._manifest

    def predict(self, slices_hu: NDArray[np.int16], progress: Progress) -> NDArray[np.float32]:
        """Probabilities (n, rows, columns) of slices (n, rows, columns); see SliceModel."""
        with _stack_files(self._stacks_dir, slices_hu) as (source, target):
            name, version = self._status.name, self._status.version
            task = StackTask(name, source, target, self._lane, version=version)
            with domain_errors(), gone_is_not_ready():
                for done in self._handle.options(stream=True).predict_stack.remote(task):
                    progress(done / len(slices_hu), "lesions")
            return np.asarray(np.load(target, mmap_mode="r"))  # outlives the file's name


@contextmanager
def domain_errors() -> Iterator[None]:
    """Turns what Ray raises into domain errors; a lost replica is a model that is not ready."""
    try:
        yield
    except BackPressureError as error:
        raise Overloaded("every model server has its queue full; try again later") from error
    except RayTaskError as error:
        # Ray raises a class made of its own and the cause's: the plain cause goes on alone.
        if isinstance(error.cause, AiboxError):
            raise error.cause from None
        raise
    except (RayError, RayServeException) as error:
        raise ModelNotReady("the model server went away; it is started again") from error


@contextmanager
def gone_is_not_ready() -> Iterator[None]:
    """A version that was there a moment ago was switched off: the study may begin again."""
    try:
        yield
    except RayTaskError as error:
        if isinstance(error.cause, ModelNotFound):
            raise ModelNotReady(
                "a model was switched while it read a study; the study is read again"
            ) from error
        raise


@contextmanager
def _stack_files(folder: Path, slices_hu: NDArray[np.int16]) -> Iterator[tuple[Path, Path]]:
    folder.mkdir(mode=0o700, exist_ok=True)
    name = uuid.uuid4().hex
    source, target = folder / f"{name}.in.npy", folder / f"{name}.out.npy"
    try:
        np.save(source, np.ascontiguousarray(slices_hu))
        yield source, target
    finally:
        source.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
