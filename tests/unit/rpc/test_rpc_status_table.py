"""Every domain error has its status; nothing else tells its text."""

from __future__ import annotations

import grpc
import pytest

from serving.domain import errors
from serving.rpc.status_table import STATUS_BY_ERROR, SiblingStatus, status_of

EXPECTED = {
    "InvalidRequest": "INVALID_ARGUMENT",
    "UnsupportedImage": "INVALID_ARGUMENT",
    "ModelNotFound": "NOT_FOUND",
    "JobNotFound": "NOT_FOUND",
    "VersionExists": "ALREADY_EXISTS",
    "IllegalTransition": "FAILED_PRECONDITION",
    "ModelNotReady": "UNAVAILABLE",
    "Overloaded": "RESOURCE_EXHAUSTED",
    "SpoolFull": "RESOURCE_EXHAUSTED",
    "DeadlineExceeded": "DEADLINE_EXCEEDED",
    "AuditUnavailable": "UNAVAILABLE",
    "CorruptModel": "DATA_LOSS",
    "Unauthenticated": "UNAUTHENTICATED",
    "Forbidden": "PERMISSION_DENIED",
}


def subclasses(kind: type) -> set[type]:
    return {kind, *(deeper for sub in kind.__subclasses__() for deeper in subclasses(sub))}


@pytest.mark.parametrize(("name", "code"), EXPECTED.items())
def test_domain_errors(name: str, code: str) -> None:
    error = getattr(errors, name)("one sentence", fact=1)
    assert status_of(error, "r") == (grpc.StatusCode[code], "one sentence")


def test_no_domain_error_is_forgotten() -> None:
    of_domain = {k for k in subclasses(errors.AiboxError) if k.__module__ == errors.__name__}
    assert of_domain - set(STATUS_BY_ERROR) == {errors.AiboxError}


def test_a_subclass_made_elsewhere_has_its_parents_status() -> None:
    class Special(errors.Overloaded):
        pass

    assert status_of(Special("full"), "r")[0] is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("error", [ValueError("DOE^JANE"), errors.AiboxError("DOE^JANE")])
def test_anything_else_is_internal_with_a_fixed_text(error: Exception) -> None:
    code, text = status_of(error, "r-9")
    assert code is grpc.StatusCode.INTERNAL
    assert "DOE" not in text
    assert "r-9" in text


def test_a_siblings_status_is_passed_on() -> None:
    error = SiblingStatus(grpc.StatusCode.NOT_FOUND, "no such model")
    assert status_of(error, "r") == (grpc.StatusCode.NOT_FOUND, "no such model")
