"""The page as HTML: autoescaped, no inline script or style, nothing from outside the box."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from appliance.admin.page import wording
from appliance.admin.page.page_view import PageView


def whole_page(view: PageView) -> str:
    """The document."""
    return _environment().get_template("page.html.j2").render(page=view)


def sections(view: PageView) -> str:
    """What changes while somebody looks: the content of the document's `<main>`."""
    return _environment().get_template("page_sections.html.j2").render(page=view)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        # The second one draws the plots.
        loader=ChoiceLoader(
            [
                PackageLoader("appliance.admin", "templates"),
                PackageLoader("provisioning.card", "templates"),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=wording.seconds,
        period=wording.period,
        cpus=wording.cpus,
        percent=wording.percent,
        number=wording.number,
        signed=wording.signed,
        clock=wording.clock,
        iso=wording.iso,
    )
    return environment
