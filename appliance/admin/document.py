"""What FastAPI cannot know of the routes: how callers say who they are, and what they need."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI

from appliance.admin.access import route_access

PERMISSION = "x-permission"
"""Beside each call: the permission that its caller needs."""
_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `aibox tokens create`, where the box asks for one.",
    }
}


def describe(app: FastAPI, open_paths: Collection[str]) -> None:
    """Completes the document of an app that has all its routes; `open_paths` need no token."""
    document = app.openapi()  # kept by the app
    document["components"]["securitySchemes"] = _SCHEMES
    document["security"] = [{"bearer": []}]
    for route in route_access(app):
        methods: dict[str, Any] = document["paths"].get(route.path, {})
        for method in route.methods:
            call = methods.get(method.lower())
            if call is None:
                continue  # not in the document
            if route.permission is not None:
                call[PERMISSION] = route.permission.value
            if route.path in open_paths:
                call["security"] = []
