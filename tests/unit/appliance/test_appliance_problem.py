"""Every error of the admin API is a problem document, and none quotes what it should not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.responses import Response, StreamingResponse
from structlog.testing import capture_logs

from appliance.admin.access import protect
from appliance.admin.problem import (
    MEDIA_TYPE,
    STATUS_BY_ERROR,
    Problem,
    documented,
    problem_of,
)
from serving.domain import errors
from serving.domain.access import LOCAL, Caller
from serving.domain.errors import AiboxError, JobNotFound, UnsupportedImage

PLANTED = "DOE^JANE"
EXPECTED = {
    "InvalidRequest": 422,
    "UnsupportedImage": 422,
    "ModelNotFound": 404,
    "JobNotFound": 404,
    "VersionExists": 409,
    "IllegalTransition": 409,
    "ModelNotReady": 503,
    "AuditUnavailable": 503,
    "Overloaded": 503,
    "SpoolFull": 503,
    "DeadlineExceeded": 504,
    "CorruptModel": 500,
    "Unauthenticated": 401,
    "Forbidden": 403,
}


class Everybody:
    def identify(self, token: str | None) -> Caller:
        return LOCAL


class Share(BaseModel):
    share: float


def broken_stream() -> Iterator[bytes]:
    yield b"part"
    raise KeyError(PLANTED)


@pytest.fixture
def http() -> TestClient:
    app = FastAPI()

    @app.get("/domain")
    def domain() -> None:
        raise JobNotFound("there is no such job")

    @app.get("/crash")
    def crash() -> None:
        raise KeyError(PLANTED)

    @app.get("/stream")
    def stream() -> Response:
        return StreamingResponse(broken_stream())

    @app.post("/share")
    def share(body: Share) -> float:
        return body.share

    protect(app, Everybody())
    return TestClient(app, base_url="http://localhost")


@pytest.mark.parametrize(("name", "status"), EXPECTED.items())
def test_domain_errors(name: str, status: int) -> None:
    problem = problem_of(getattr(errors, name)("one sentence", fact=1), "r")
    assert (problem.status, problem.detail, problem.request_id) == (status, "one sentence", "r")


def test_no_domain_error_is_forgotten() -> None:
    of_domain = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, AiboxError)
    }
    assert of_domain - set(STATUS_BY_ERROR) == {AiboxError}
    assert {kind.__name__ for kind in of_domain - {AiboxError}} == set(EXPECTED)


def test_kinds_are_named_and_subclasses_keep_their_own_name() -> None:
    class Special(UnsupportedImage):
        pass

    assert problem_of(UnsupportedImage("x"), "r").type == "urn:aibox:problem:unsupported-image"
    assert problem_of(Special("x"), "r").status == 422


@pytest.mark.parametrize("error", [ValueError(PLANTED), AiboxError(PLANTED)])
def test_anything_else_is_internal_with_a_fixed_text(error: Exception) -> None:
    problem = problem_of(error, "r-9")
    assert problem.status == 500
    assert PLANTED not in problem.model_dump_json()
    assert "r-9" in problem.detail


def test_a_domain_error_of_a_route(http: TestClient) -> None:
    answer = http.get("/domain", headers={"x-request-id": "abc-1"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.json() == {
        "type": "urn:aibox:problem:job-not-found",
        "title": "Job not found",
        "status": 404,
        "detail": "there is no such job",
        "request_id": "abc-1",
    }


def test_a_crash_is_told_by_its_place_and_goes_no_further(http: TestClient) -> None:
    with capture_logs() as lines:
        answer = http.get("/crash", headers={"x-request-id": PLANTED})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    request_id = answer.headers["x-request-id"]
    assert answer.json()["request_id"] == request_id
    assert PLANTED not in answer.text + str(lines) + str(answer.headers)
    assert (lines[0]["error_kind"], lines[0]["request_id"]) == ("KeyError", request_id)
    assert lines[0]["error_at"].startswith("crash:")


def test_a_crash_within_an_answer_ends_it(http: TestClient) -> None:
    with capture_logs() as lines:
        answer = http.get("/stream")
    assert answer.content == b"part"
    assert lines[0]["error_kind"] == "KeyError"


def test_values_are_not_repeated(http: TestClient) -> None:
    answer = http.post("/share", json={"share": PLANTED})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["errors"][0]["at"] == "body.share"
    assert "body.share" in answer.json()["detail"]
    assert PLANTED not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'"\\ud800"'])
def test_hostile_bodies(http: TestClient, body: bytes) -> None:
    answer = http.post("/share", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == MEDIA_TYPE
    Problem.model_validate_json(answer.content)


def test_paths_and_methods_that_are_not_there(http: TestClient) -> None:
    missing, wrong = http.get("/none"), http.put("/domain")
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.headers["content-type"] == wrong.headers["content-type"] == MEDIA_TYPE
    assert wrong.headers["allow"] == "GET"


def test_problems_are_in_the_openapi() -> None:
    app = FastAPI(responses=documented(401, 403))
    app.get("/x")(lambda: "x")
    schema = app.openapi()["paths"]["/x"]["get"]["responses"]["403"]
    assert schema["content"][MEDIA_TYPE]["schema"]["properties"]["errors"]["items"]["properties"]
    assert "$ref" not in str(schema)
