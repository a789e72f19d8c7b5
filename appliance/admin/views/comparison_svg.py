"""The agreement of candidates with the stable release as one SVG document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from appliance.admin.views.comparison_view import Candidate
from appliance.canary.plot import agreement_svgs
from provisioning.card.drawing import WIDTH

_STYLE = (
    "text { font: 13px system-ui, sans-serif; fill: #16202a } "
    ".tick { fill: #52606d; font-size: 11px } .grid { stroke: #d5dce3 } .zero { stroke: #52606d } "
    ".limit { stroke: #d1102e; stroke-width: 2.5; stroke-dasharray: 5 3 } "
    ".v1 { fill: #2a78b5 } .v2 { fill: #e08214 }"
)
_SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_CAPTION = 30
_EMPTY = "no study has been read by two releases of this route yet"


def comparison_svg(candidates: Iterable[Candidate]) -> str:
    """All drawings, one below the other; a sentence where nothing was compared."""
    y = 0
    parts = []
    for candidate in candidates:
        drawn = agreement_svgs(candidate.pairs)
        if not drawn:
            continue
        caption = f"{candidate.role} {candidate.release} against {candidate.baseline}"
        parts.append(f'<text x="8" y="{y + 20}">{escape(caption)}</text>')
        y += _CAPTION
        for svg in drawn:
            placed, height = _placed(str(svg).strip(), y, f"{candidate.role}-")
            parts.append(placed)
            y += height
    if not parts:
        y = 2 * _CAPTION
        parts.append(f'<text x="8" y="{_CAPTION}">{_EMPTY}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" '
        f'height="{y}"><style>{_STYLE}</style>{"".join(parts)}</svg>'
    )


def _placed(svg: str, y: int, prefix: str) -> tuple[str, int]:
    """The drawing at that height, its ids told apart from those of others; and how high it is."""
    found = _SIZE.search(svg)
    assert found is not None, "a drawing says how large it is"
    width, height = int(found[1]), int(found[2])
    named = svg.replace("agreement-", f"{prefix}agreement-")
    at = f'<svg x="0" y="{y}" width="{width}" height="{height}" '
    return named.replace("<svg ", at, 1), height
