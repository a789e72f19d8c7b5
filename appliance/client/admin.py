"""`AdminClient`: what serves on a box, changed from Python."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from appliance.admin.operations.operation import Operation
from appliance.admin.views.comparison_view import ComparisonView
from appliance.admin.views.job_view import JobView
from appliance.admin.views.release_view import ReleaseView
from appliance.admin.views.version_view import ModelView
from appliance.client.admin_channel import AdminChannel
from appliance.client.problems import error_of
from serving.domain.model_set import Route

_MODELS = TypeAdapter(tuple[ModelView, ...])
_RELEASES = TypeAdapter(tuple[ReleaseView, ...])
_ROUTES = TypeAdapter(tuple[Route, ...])
_COMPARISONS = TypeAdapter(tuple[ComparisonView, ...])
_OPERATIONS = TypeAdapter(tuple[Operation, ...])


class AdminClient:
    """One box. Calls that change something return at once; `wait` follows them to their end.

    All raise the domain error that the box tells of, and BoxUnreachable.
    """

    def __init__(self, address: str, token: str | None = None, ca: Path | None = None) -> None:
        """See AdminChannel."""
        self._channel = AdminChannel(address, token, ca)

    def __enter__(self) -> AdminClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    # --- looking ----------------------------------------------------------------------------

    def models(self) -> Sequence[ModelView]:
        """All models with their versions."""
        return _MODELS.validate_python(self._channel.get("/v1/models"))

    def releases(self) -> Sequence[ReleaseView]:
        """All releases."""
        return _RELEASES.validate_python(self._channel.get("/v1/releases"))

    def routes(self) -> Sequence[Route]:
        """The route of each pipeline."""
        return _ROUTES.validate_python(self._channel.get("/v1/routes"))

    def comparisons(self, pipeline: str) -> Sequence[ComparisonView]:
        """Canary and shadow of a pipeline against its stable release."""
        found = self._channel.get(f"/v1/routes/{_segment(pipeline)}/comparison")
        return _COMPARISONS.validate_python(found)

    def operations(self, limit: int = 50) -> Sequence[Operation]:
        """Changes that were asked for, newest first."""
        return _OPERATIONS.validate_python(self._channel.get("/v1/operations", limit=limit))

    def operation(self, operation_id: str) -> Operation:
        """One of them as it stands."""
        return Operation.model_validate(
            self._channel.get(f"/v1/operations/{_segment(operation_id)}")
        )

    def wait(
        self,
        operation: Operation,
        told: Callable[[Operation], None] = lambda _: None,
        poll_s: float = 0.3,
    ) -> Operation:
        """The operation once it is done; raises its error where it failed.

        `told` is called with every look at it.
        """
        while not operation.state.final:
            told(operation)
            time.sleep(poll_s)
            operation = self.operation(operation.id)
        told(operation)
        if operation.error is not None:
            raise error_of(operation.error.kind, operation.error.message)
        return operation

    # --- models -----------------------------------------------------------------------------

    def promote(self, name: str, version: int) -> Operation:
        """It answers where requests name no version, and studies run it."""
        return self._ask("POST", f"{_model(name, version)}/promote")

    def load(self, name: str, version: int | None = None) -> Operation:
        """A version serves; without one, those of the model that its policy serves."""
        return self._ask("POST", f"{_model(name, version)}/load")

    def unload(self, name: str, version: int | None = None) -> Operation:
        """A version, or the whole model, serves no longer."""
        return self._ask("POST", f"{_model(name, version)}/unload")

    def verify(self, name: str, version: int) -> Operation:
        """Every file of it is compared with its digest."""
        return self._ask("POST", f"{_model(name, version)}/verify")

    def refresh(self) -> Operation:
        """The folders of models are looked through for what is new."""
        return self._ask("POST", "/v1/models/refresh")

    def label(self, name: str, label: str, version: int) -> Operation:
        """The label points at that version."""
        return self._ask("PUT", f"{_model(name)}/labels/{_segment(label)}", {"version": version})

    def unlabel(self, name: str, label: str) -> Operation:
        """There is no such label any more."""
        return self._ask("DELETE", f"{_model(name)}/labels/{_segment(label)}")

    def rollback(self) -> Operation:
        """Labels and routes go back to where they were before their last change."""
        return self._ask("POST", "/v1/rollback")

    # --- releases and routes ----------------------------------------------------------------

    def create_release(
        self,
        name: str,
        models: Mapping[str, int],
        parameters: Mapping[str, str] | None = None,
        pipeline: str | None = None,
    ) -> Operation:
        """Its reference is the `result` of the operation once that is done."""
        body = {
            "name": name,
            "pipeline": pipeline,
            "models": dict(models),
            "parameters": dict(parameters or {}),
        }
        return self._ask("POST", "/v1/releases", body)

    def promote_release(self, reference: str) -> Operation:
        """All studies of its pipeline run it."""
        return self._ask("POST", f"{_release(reference)}/promote")

    def remove_release(self, reference: str) -> Operation:
        """It is forgotten; no route may use it."""
        return self._ask("DELETE", _release(reference))

    def start_canary(
        self, pipeline: str, reference: str, share: float, callers: Sequence[str] = ()
    ) -> Operation:
        """A share of the studies (0 to 1), and all those of the callers, run it."""
        body = {"release": reference, "share": share, "callers": list(callers)}
        return self._ask("PUT", f"/v1/routes/{_segment(pipeline)}/canary", body)

    def stop_canary(self, pipeline: str) -> Operation:
        """All studies run the stable release again."""
        return self._ask("DELETE", f"/v1/routes/{_segment(pipeline)}/canary")

    def start_shadow(self, pipeline: str, reference: str) -> Operation:
        """It reads every study too, and answers nobody."""
        return self._ask("PUT", f"/v1/routes/{_segment(pipeline)}/shadow", {"release": reference})

    def stop_shadow(self, pipeline: str) -> Operation:
        """Nothing reads studies out of sight any more."""
        return self._ask("DELETE", f"/v1/routes/{_segment(pipeline)}/shadow")

    # --- jobs -------------------------------------------------------------------------------

    def retry(self, job_id: str) -> JobView:
        """The job that does again what a failed one was about."""
        return JobView.model_validate(
            self._channel.send("POST", f"/v1/jobs/{_segment(job_id)}/retry")
        )

    def _ask(self, method: str, path: str, body: Any = None) -> Operation:
        return Operation.model_validate(
            self._channel.send(method, path, body, key=uuid.uuid4().hex)
        )


def _model(name: str, version: int | None = None) -> str:
    return f"/v1/models/{_segment(name)}" + ("" if version is None else f"/versions/{version}")


def _release(reference: str) -> str:
    name, _, version = reference.partition("@")
    return f"/v1/releases/{_segment(name)}/{_segment(version)}"


def _segment(text: str) -> str:
    """One part of a path, whatever it holds."""
    return quote(text, safe="")
