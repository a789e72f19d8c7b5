"""Numbers beside lesions, so that pictures and table can be read together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

MOST_LABELLED = 10
"""Lesions past this index carry no number; the page's table ends there too."""

_LEAST_PIXELS = 40
_WHITE = (255, 255, 255, 255)
_BLACK = (0, 0, 0, 255)


def label_lesions(overlay: Image.Image, lesions: NDArray[Any]) -> None:
    """Writes the index of each larger lesion into `overlay` (RGBA) at its middle.

    `lesions` (rows, columns) holds lesion indices at the overlay's size.
    """
    draw = ImageDraw.Draw(overlay)
    font = ImageFont.load_default(max(12, min(overlay.size) // 36))
    for index in np.unique(lesions[(lesions > 0) & (lesions <= MOST_LABELLED)]):
        places = np.argwhere(lesions == index)
        if len(places) < _LEAST_PIXELS:
            continue
        row, column = _middle(places)
        draw.text(
            (column, row),
            str(index),
            fill=_WHITE,
            font=font,
            anchor="mm",
            stroke_width=2,
            stroke_fill=_BLACK,
        )


def _middle(places: NDArray[np.intp]) -> tuple[int, int]:
    """The pixel of the lesion nearest to its centroid, which may itself lie outside a crescent."""
    distances = np.linalg.norm(places - places.mean(axis=0), axis=1)
    row, column = places[int(np.argmin(distances))]
    return int(row), int(column)
