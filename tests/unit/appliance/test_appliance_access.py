"""The edge of the admin API: who may, what a refusal looks like, what other pages may not do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import APIRouter, Body, Depends, FastAPI
from fastapi.testclient import TestClient

from appliance.admin.access import protect, require, route_access
from serving.access.token import make_secret
from serving.access.token_file import TokenFile
from serving.access.token_gate import TokenGate
from serving.domain.access import PERMISSIONS_BY_ROLE, Caller, Permission, Role

PROBLEM = "application/problem+json"
LOOPBACK = "http://127.0.0.1:8002"
TOKEN_PERMISSIONS = [p for p in Permission if p not in (Permission.OPEN, Permission.INTERNAL)]


def example() -> FastAPI:
    app = FastAPI()
    router = APIRouter(prefix="/v1", dependencies=[Depends(require(Permission.VERSIONS))])

    @router.post("/{anything}")
    def inside(anything: str, share: Annotated[float, Body(embed=True)]) -> str:
        return anything

    for permission in TOKEN_PERMISSIONS:
        app.get(f"/{permission}", dependencies=[Depends(require(permission))])(lambda: "in")

    @app.get("/who")
    def who(caller: Annotated[Caller, Depends(require(Permission.READ))]) -> str:
        return f"{caller.name} {caller.role}"

    @app.get("/healthz")
    def healthz() -> str:
        return "well"

    app.include_router(router)
    return app


class Edge:
    def __init__(self, path: Path, *, required: bool) -> None:
        file = TokenFile(path)
        self.tokens = {role: file.issue(role.value, role).secret for role in Role}
        app = example()
        protect(app, TokenGate(path, required=required))
        self.http = TestClient(app, base_url=LOOPBACK)

    def bearer(self, role: Role) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[role]}"}


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path / "tokens.json", required=True)
    with edge.http:
        yield edge


@pytest.fixture
def lax(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path / "tokens.json", required=False)
    with edge.http:
        yield edge


@pytest.mark.parametrize("permission", TOKEN_PERMISSIONS)
def test_each_route_asks_for_its_permission(strict: Edge, permission: Permission) -> None:
    wrong = make_secret(strict.tokens[Role.OPERATOR].split("_")[1])
    for headers in ({}, {"authorization": f"Bearer {wrong}"}, {"authorization": "Digest x"}):
        answer = strict.http.get(f"/{permission}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith('Bearer realm="aibox"')
        assert answer.headers["content-type"] == PROBLEM
        assert wrong not in answer.text
    for role in Role:
        answer = strict.http.get(f"/{permission}", headers=strict.bearer(role))
        if permission in PERMISSIONS_BY_ROLE[role]:
            assert answer.json() == "in"
        else:
            assert answer.status_code == 403
            assert answer.json()["type"] == "urn:aibox:problem:forbidden"
            assert f"'{permission.value}'" in answer.json()["detail"]


def test_only_health_is_open(strict: Edge) -> None:
    assert strict.http.get("/healthz").json() == "well"
    for path in ("/docs", "/openapi.json", "/none", "/healthz/", "//healthz", "/HEALTHZ"):
        assert strict.http.get(path).status_code == 401


def test_a_route_knows_its_caller(strict: Edge, lax: Edge) -> None:
    assert strict.http.get("/who", headers=strict.bearer(Role.VENDOR)).json() == "vendor vendor"
    assert lax.http.get("/who").json() == "local operator"
    assert lax.http.get("/who", headers={"authorization": "Bearer x"}).status_code == 401


def test_a_browser_may_send_the_token_as_its_password(strict: Edge) -> None:
    token = strict.tokens[Role.VIEWER]
    assert strict.http.get("/who", auth=("any", token)).json() == "viewer viewer"
    assert strict.http.get("/who", auth=(token, "any")).status_code == 401
    for broken in ("Basic", "Basic ", "Basic !", "Basic " + base64.b64encode(b"\xff:").decode()):
        assert strict.http.get("/who", headers={"authorization": broken}).status_code == 401


def test_nothing_of_a_body_is_read_for_a_stranger(strict: Edge) -> None:
    def body() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = strict.http.post("/v1/x", content=body())
    assert answer.status_code == 401
    known = strict.http.post("/v1/x", content=b"{", headers=strict.bearer(Role.OPERATOR))
    assert known.status_code == 422


def test_two_headers_are_none(strict: Edge) -> None:
    token = ("authorization", f"Bearer {strict.tokens[Role.OPERATOR]}")
    assert strict.http.get("/who", headers=[token, token]).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8002", "[", "", "127.0.0.1.evil"])
def test_another_name_for_the_box_needs_a_token(lax: Edge, host: str) -> None:
    assert lax.http.get("/who", headers={"host": host}).status_code == 403
    signed = {"host": host, **lax.bearer(Role.VIEWER)}
    assert lax.http.get("/who", headers=signed).json() == "viewer viewer"


@pytest.mark.parametrize("host", ["127.0.0.1:8002", "localhost", "[::1]:8002", "10.0.0.8"])
def test_addresses_need_none(lax: Edge, host: str) -> None:
    assert lax.http.get("/who", headers={"host": host}).json() == "local operator"


FOREIGN = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9000"},
    {"origin": "http://["},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_changes_nothing(lax: Edge, headers: dict[str, str]) -> None:
    refused = lax.http.post("/v1/x", json={"share": 1}, headers=headers)
    assert refused.status_code == 403
    password = lax.http.post(
        "/v1/x", json={"share": 1}, headers=headers, auth=("", lax.tokens[Role.OPERATOR])
    )
    assert password.status_code == 403
    signed = {**headers, **lax.bearer(Role.OPERATOR)}
    assert lax.http.post("/v1/x", json={"share": 1}, headers=signed).json() == "x"


@pytest.mark.parametrize("headers", [{}, {"origin": LOOPBACK, "sec-fetch-site": "same-origin"}])
def test_the_boxs_own_page_may(lax: Edge, headers: dict[str, str]) -> None:
    assert lax.http.post("/v1/x", json={"share": 1}, headers=headers).json() == "x"


def test_the_walk_finds_every_route() -> None:
    app = example()
    found = {route.path: route.permission for route in route_access(app)}
    assert found["/v1/{anything}"] is Permission.VERSIONS
    assert found["/who"] is Permission.READ
    undeclared = {path for path, permission in found.items() if permission is None}
    assert undeclared == {"/healthz", "/docs", "/docs/oauth2-redirect", "/openapi.json", "/redoc"}


def test_a_requirement_without_a_door_lets_nobody_in() -> None:
    answer = TestClient(example(), raise_server_exceptions=False).get("/who")
    assert answer.status_code == 500
