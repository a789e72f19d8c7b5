"""Changes that the page offers: what its script asks of the JSON API, and what it says before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote


class Form(StrEnum):
    """What is asked for besides a confirmation."""

    NONE = ""
    CANARY = "canary"
    """The share of the studies, and callers."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button. Texts are plain: the template escapes them."""

    label: str
    title: str
    """The same with its subject, for the dialog and for who hears the page."""
    text: str
    """What will happen, in a sentence or two."""
    method: str
    path: str
    release: str = ""
    """Reference that goes into the body; empty where there is no body."""
    form: Form = Form.NONE


def promote_version(name: str, version: int) -> Action:
    """`stable` moves to it."""
    return Action(
        "Promote",
        f"Promote {name} version {version}",
        f"Requests for {name} that name no version are answered by version {version}. Studies "
        "that begin from then on use it where their pipeline runs this model. No request fails.",
        "POST",
        _version_path(name, version, "promote"),
    )


def load_version(name: str, version: int) -> Action:
    """It joins the set."""
    return Action(
        "Load",
        f"Load {name} version {version}",
        f"Version {version} is checked, tried and loaded beside what serves. It answers only "
        "requests that name it.",
        "POST",
        _version_path(name, version, "load"),
    )


def unload_version(name: str, version: int) -> Action:
    """It leaves the set."""
    return Action(
        "Unload",
        f"Unload {name} version {version}",
        f"Requests that name version {version} are refused from then on. Its files stay.",
        "POST",
        _version_path(name, version, "unload"),
    )


def promote_release(reference: str, pipeline: str) -> Action:
    """All studies of the pipeline run it."""
    name, _, version = reference.partition("@")
    return Action(
        "Promote",
        f"Promote release {reference}",
        f"All studies of {pipeline} that begin from then on run {reference}, and its model "
        "versions become stable. No request fails.",
        "POST",
        f"/v1/releases/{_part(name)}/{_part(version)}/promote",
    )


def start_canary(reference: str, pipeline: str, running: str | None) -> Action:
    """Some studies of the pipeline run it; `running` is the canary that it replaces."""
    instead = f" The canary {running} stops." if running else ""
    return Action(
        "Start canary",
        f"Try {reference} as a canary",
        f"Some studies of {pipeline} are answered by {reference}. The box reads them with the "
        f"stable release too and compares both.{instead}",
        "PUT",
        f"/v1/routes/{_part(pipeline)}/canary",
        reference,
        Form.CANARY,
    )


def stop_canary(reference: str, pipeline: str, stable: str) -> Action:
    """All studies run the stable release again."""
    return Action(
        "Stop canary",
        f"Stop the canary {reference}",
        f"All studies of {pipeline} that begin from then on run {stable} again.",
        "DELETE",
        f"/v1/routes/{_part(pipeline)}/canary",
    )


def roll_back(changes: tuple[str, ...]) -> Action:
    """`changes` say what it leads to."""
    return Action(
        "Roll back",
        "Roll back the last change",
        "; ".join(changes) + ". It takes a moment, and a second rollback undoes it.",
        "POST",
        "/v1/rollback",
    )


def _version_path(name: str, version: int, verb: str) -> str:
    return f"/v1/models/{_part(name)}/versions/{version}/{verb}"


def _part(text: str) -> str:
    return quote(text, safe="")
