"""The admin API put together."""

from __future__ import annotations

from fastapi import FastAPI

from appliance.admin.access import OPEN_PATHS, protect
from appliance.admin.body_limit import BodyLimit
from appliance.admin.document import describe
from appliance.admin.page import router as page
from appliance.admin.parts import AdminParts
from appliance.admin.problem import documented
from appliance.admin.routes import (
    audit,
    docs,
    health,
    jobs,
    labels,
    models,
    operations,
    releases,
    replicas,
    rollback,
    routing,
    settings,
    versions,
)
from appliance.version import box_version

ROUTERS = tuple(
    noun.router
    for noun in (
        health,
        models,
        versions,
        labels,
        releases,
        routing,
        rollback,
        operations,
        jobs,
        replicas,
        settings,
        audit,
        docs,
        page,
    )
)


def build_app(parts: AdminParts) -> FastAPI:
    """The admin API of one box; `parts.operations` is entered by the caller."""
    app = FastAPI(
        title="aibox admin",
        version=box_version(),
        # The document and its page are routes with a permission of their own.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=documented(401, 403, 413, 500),
    )
    app.state.parts = parts
    for router in ROUTERS:
        app.include_router(router)
    describe(app, OPEN_PATHS)
    app.add_middleware(BodyLimit)
    protect(app, parts.gatekeeper)
    return app
