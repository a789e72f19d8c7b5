"""The API for people: one page that needs no script and nothing from outside the box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from appliance.admin.document import PERMISSION


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one path."""

    group: str
    method: str
    path: str
    permission: str
    about: str
    parameters: tuple[tuple[str, str, str], ...]
    """Name, place and what it is."""
    body: str
    """Schema of the body as JSON; empty where there is none."""
    answers: tuple[tuple[str, str], ...]
    """Status and what it means."""


def docs_page(app: FastAPI) -> str:
    """HTML."""
    document = app.openapi()
    calls = tuple(_calls(document))
    groups = tuple(dict.fromkeys(call.group for call in calls))
    return _template().render(info=document["info"], groups=groups, calls=calls)


def _calls(document: dict[str, Any]) -> Iterator[Call]:
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            yield Call(
                group=(found.get("tags") or ["other"])[0],
                method=method.upper(),
                path=path,
                permission=found.get(PERMISSION, "no token"),
                about=found.get("description", ""),
                parameters=tuple(_parameter(each) for each in found.get("parameters", ())),
                body=_body(found, document),
                answers=tuple(
                    (status, each.get("description", ""))
                    for status, each in sorted(found["responses"].items())
                ),
            )


def _parameter(found: dict[str, Any]) -> tuple[str, str, str]:
    optional = "" if found.get("required") else ", optional"
    return found["name"], f"{found['in']}{optional}", found.get("description", "")


def _body(found: dict[str, Any], document: dict[str, Any]) -> str:
    if "requestBody" not in found:
        return ""
    schema = found["requestBody"]["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    shown = document["components"]["schemas"].get(name, schema)
    return json.dumps(shown, indent=2)


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("appliance.admin", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("docs.html.j2")
