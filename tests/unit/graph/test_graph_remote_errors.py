"""What Ray raises becomes a domain error, also after a trip between processes."""

from __future__ import annotations

import pickle

import pytest
from ray.exceptions import ActorDiedError, RayTaskError
from ray.serve.exceptions import BackPressureError

from serving.domain import errors
from serving.graph.remote_slices import domain_errors, gone_is_not_ready

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]
DOMAIN = [k for k in KINDS if issubclass(k, errors.AiboxError)]


@pytest.mark.parametrize("kind", DOMAIN)
def test_every_domain_error_survives_pickling(kind: type[errors.AiboxError]) -> None:
    again = pickle.loads(pickle.dumps(kind("a sentence", expected=3)))
    assert type(again) is kind
    assert (again.message, again.details, str(again)) == (
        "a sentence",
        {"expected": 3},
        again.message,
    )


@pytest.mark.parametrize("kind", DOMAIN)
def test_a_domain_error_comes_out_of_rays_wrapping(kind: type[errors.AiboxError]) -> None:
    wrapped = RayTaskError("predict_stack", "a traceback", kind("a sentence"))
    for raised in (wrapped, wrapped.as_instanceof_cause()):
        with pytest.raises(kind, match="a sentence"), domain_errors():
            raise raised


def test_a_lost_replica_is_a_model_that_is_not_ready() -> None:
    with pytest.raises(errors.ModelNotReady), domain_errors():
        raise ActorDiedError()


def test_back_pressure_is_overload() -> None:
    with pytest.raises(errors.Overloaded), domain_errors():
        raise BackPressureError(num_queued_requests=1, max_queued_requests=1)


def test_a_bug_in_the_model_server_is_not_taken_for_its_loss() -> None:
    with pytest.raises(RayTaskError), domain_errors():
        raise RayTaskError("predict_stack", "a traceback", ZeroDivisionError())


@pytest.mark.parametrize("kind", DOMAIN)
def test_a_version_that_is_switched_off_under_a_study_is_not_ready(
    kind: type[errors.AiboxError],
) -> None:
    wrapped = RayTaskError("predict_stack", "a traceback", kind("a sentence"))
    expected = errors.ModelNotReady if kind is errors.ModelNotFound else kind
    for raised in (wrapped, wrapped.as_instanceof_cause()):
        with pytest.raises(expected), domain_errors(), gone_is_not_ready():
            raise raised
