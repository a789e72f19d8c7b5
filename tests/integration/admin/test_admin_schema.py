"""Whatever is sent to the admin API, it answers as its own document says, and never breaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from appliance.admin.app import ROUTERS
from serving.domain.access import Role
from tests.unit.appliance.admin.small_admin import SmallAdmin

EXAMPLES = 25
UNWELL = "GET /healthz"
"""Its 503 is the answer of a box that does not serve, as this one."""
THERE = {"name": "unet", "version": 2, "label": "canary", "pipeline": "chest_ct"}


def _probes() -> list[tuple[str, GenerationMode]]:
    """Every method and path of the API's document; wrongly used only where that is possible."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    found = []
    for path, methods in app.openapi()["paths"].items():
        for method, about in methods.items():
            label = f"{method.upper()} {path}"
            found.append((label, GenerationMode.POSITIVE))
            if about.keys() & {"parameters", "requestBody"}:
                found.append((label, GenerationMode.NEGATIVE))
    return found


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallAdmin]:
    """A box that asks for tokens, whose registry and operations are real."""
    with SmallAdmin(tmp_path_factory.mktemp("box"), tokens_required=True) as made:
        yield made


@pytest.fixture(scope="module")
def token(admin: SmallAdmin) -> dict[str, str]:
    return admin.token(Role.OPERATOR)


@pytest.fixture(scope="module")
def operations(admin: SmallAdmin, token: dict[str, str]) -> dict[str, APIOperation]:
    schema = schemathesis.openapi.from_asgi("/openapi.json", admin.app, headers=token)
    # Every probe brings its token; that nobody gets in without one has tests of its own.
    del schema.raw_schema["security"]
    found = (each.ok() for each in schema.get_all_operations())
    return {operation.label: operation for operation in found}


@pytest.mark.parametrize(("label", "mode"), _probes())
def test_every_answer_is_a_documented_one(
    operations: dict[str, APIOperation],
    token: dict[str, str],
    label: str,
    mode: GenerationMode,
) -> None:
    operation = operations[label]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode), st.booleans())
    def probe(case: Case, there: bool) -> None:
        if there and mode is GenerationMode.POSITIVE:
            _aim(case)
        answer = case.call(headers=token)
        if label == UNWELL:
            assert answer.status_code == 503
        else:
            # Well-formed, a change may still be one that cannot be: 422 by the table of errors.
            case.validate_response(
                answer, headers=token, excluded_checks=[positive_data_acceptance]
            )

    probe()


def _aim(case: Case) -> None:
    """At what the box has, and waiting for the end."""
    case.path_parameters |= {key: THERE[key] for key in case.path_parameters if key in THERE}
    case.headers["prefer"] = "wait=20"
