"""Renders the card; every text is escaped, and the page's own policy forbids all requests."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from provisioning.card import ladder, wording
from provisioning.card.dice_plot import dice_plot
from provisioning.card.drop_plot import drop_plot
from provisioning.card.latency_plot import latency_plot
from provisioning.card.patients import PatientScores
from provisioning.card.variant_facts import VariantFacts
from serving.domain.manifest import ModelManifest
from serving.domain.provenance import Speed


@dataclass(frozen=True, slots=True)
class CardContent:
    """All that one card shows."""

    manifest: ModelManifest
    variants: tuple[VariantFacts, ...]
    scores: PatientScores | None
    prose: Markup | None
    notices: tuple[str, ...] = ()
    """What could not be shown, and why."""


def render(content: CardContent) -> str:
    """The whole page as text."""
    environment = _environment()
    style = _source(environment, "card.css")
    manifest = content.manifest
    return environment.get_template("card.html.j2").render(
        manifest=manifest,
        variants=content.variants,
        scores=content.scores,
        prose=content.prose,
        notices=content.notices,
        gates=ladder.judged(manifest),
        patients=ladder.patients(manifest),
        looks=ladder.looks(manifest.quantisation) if manifest.quantisation else 0,
        machines=_machines(content.variants),
        latency=latency_plot(content.variants),
        drops=drop_plot(ladder.judged(manifest)),
        dice=dice_plot(content.scores, list(manifest.variants)) if content.scores else None,
        style=Markup(style),
        style_digest=_digest(style),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("provisioning.card", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        metric=wording.metric_title,
        points=wording.points,
        ms=wording.milliseconds,
        per_second=wording.per_second,
        size=wording.size,
        score=wording.score,
        signed_percent=wording.signed_percent,
        shape=wording.shape,
        taken_as=wording.taken_as,
        parity_sentence=wording.parity_sentence,
        role=wording.role,
        rung_title=ladder.rung_title,
        verdict=ladder.verdict,
    )
    return environment


def _source(environment: Environment, name: str) -> str:
    if environment.loader is None:
        raise ValueError("the page has no templates")
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def _machines(variants: tuple[VariantFacts, ...]) -> list[str]:
    """The machines that the variants were timed on, as sentences without repetition."""
    speeds = [each.variant.speed for each in variants if each.variant.speed]
    return list(dict.fromkeys(_machine(speed) for speed in speeds))


def _machine(speed: Speed) -> str:
    shapes = "; ".join(f"{name} {wording.shape(sizes)}" for name, sizes in speed.shapes.items())
    return (
        f"{speed.cpu}, {speed.threads} threads for one inference at a time, {speed.streams} "
        f"streams for the throughput, OpenVINO {speed.openvino}; inputs timed: {shapes}"
    )
