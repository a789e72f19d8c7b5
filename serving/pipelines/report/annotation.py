"""Letters and bars burnt into pictures, so that a picture alone still says what it shows."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from serving.pipelines.report.slice_view import EdgeMarkers

_WHITE = 255
_BLACK = 0
_MARGIN = 8
_BAR_MM = 50.0


class Annotator:
    """Draws on a grey picture (L) in white with a black rim."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self._draw = ImageDraw.Draw(image)
        self._size = max(13, min(image.size) // 32)
        self._font = ImageFont.load_default(self._size)
        self._large = ImageFont.load_default(round(self._size * 1.5))

    def edges(self, markers: EdgeMarkers) -> None:
        """Patient directions in the middle of the four edges, left and right the largest."""
        width, height = self._image.size
        self._text((_MARGIN, height / 2), markers.left, "lm", self._large)
        self._text((width - _MARGIN, height / 2), markers.right, "rm", self._large)
        self._text((width / 2, _MARGIN), markers.top, "mt", self._font)
        self._text((width / 2, height - _MARGIN), markers.bottom, "mb", self._font)

    def sides(self, markers: EdgeMarkers) -> None:
        """Patient directions left and right in the upper corners, out of the way of marks."""
        self._text((_MARGIN, _MARGIN), markers.left, "lt", self._large)
        self._text((self._image.width - _MARGIN, _MARGIN), markers.right, "rt", self._large)

    def corner(self, lines: tuple[str, ...]) -> None:
        """Lines of text in the upper left corner."""
        for number, line in enumerate(lines):
            place = (_MARGIN, _MARGIN + number * self._size * 1.25)
            self._text(place, line, "lt", self._font)

    def footer(self, line: str) -> None:
        """One line in the lower left corner."""
        self._text((_MARGIN, self._image.height - _MARGIN), line, "lb", self._font)

    def scale_bar(self, pixel_mm: float) -> None:
        """A bar of 5 cm in the lower right corner; none where it would not fit."""
        length = _BAR_MM / pixel_mm
        width, height = self._image.size
        if length > width / 2:
            return
        right, low = width - _MARGIN - 1, height - _MARGIN - 2
        self._draw.rectangle((right - length - 1, low - 2, right + 1, low + 3), fill=_BLACK)
        self._draw.rectangle((right - length, low - 1, right, low + 2), fill=_WHITE)
        self._text((right - length / 2, low - 5), "5 cm", "mb", self._font)

    def note(self, place: tuple[float, float], text: str, anchor: str) -> None:
        """A small text anywhere; `anchor` as Pillow's two letters."""
        self._text(place, text, anchor, self._font)

    def _text(
        self,
        place: tuple[float, float],
        text: str,
        anchor: str,
        font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    ) -> None:
        plain = text.replace("−", "-")  # Pillow's own font has no true minus
        self._draw.text(
            place,
            plain,
            fill=_WHITE,
            font=font,
            anchor=anchor,
            stroke_width=2,
            stroke_fill=_BLACK,
        )
