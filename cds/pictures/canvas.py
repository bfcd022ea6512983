"""HU become grey, outlines colour, names letters; a PNG of 128 colours comes out.

Outlines are told apart by more than colour: bodies that were used are drawn whole, others dotted,
and the measured region lies inside. Blue and yellow stay apart for every kind of colour blindness.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import binary_erosion

from cds.picture import WINDOW_CENTRE_HU, WINDOW_WIDTH_HU, Picture

BODY: Final = (86, 180, 233)
REGION: Final = (240, 228, 66)
_GREYS: Final = 124
_TEXT_PX: Final = 18
"""Phones show pictures at two thirds of their size."""
_MARGIN_PX: Final = 5
_BAR_MM: Final = 20.0


class Canvas:
    """One picture in the making."""

    def __init__(self, hu: NDArray[np.float32], pixel_mm: float) -> None:
        low = WINDOW_CENTRE_HU - WINDOW_WIDTH_HU / 2
        grey = np.clip((hu - low) / WINDOW_WIDTH_HU, 0.0, 1.0) * 255
        self._rgb = np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)
        self._pixel_mm = pixel_mm
        self._letters: list[tuple[tuple[float, float], str, str]] = []

    def outline(self, inside: NDArray[np.bool_], colour: tuple[int, int, int], *, dotted: bool = False) -> None:
        """Draw the edge of a region."""
        edge = inside & ~binary_erosion(inside, np.ones((3, 3), bool))
        if dotted:
            rows, columns = np.indices(edge.shape)
            edge &= (rows + columns) % 6 < 3
        self._rgb[edge] = colour

    def name(self, inside: NDArray[np.bool_], text: str) -> None:
        """Write the name of a region to the left of it, half-way up."""
        if inside.any():
            rows, columns = np.nonzero(inside)
            left = max(_MARGIN_PX + 2.0 * _TEXT_PX, float(columns.min()) - 8)
            self._letters.append(((left, float(rows.mean())), text, "rm"))

    def sides(self, left: str, right: str) -> None:
        """Say which side is which, in the upper corners, out of the way of names."""
        self._letters.append(((_MARGIN_PX, _TEXT_PX), left, "lm"))
        self._letters.append(((self._rgb.shape[1] - _MARGIN_PX, _TEXT_PX), right, "rm"))

    def finish(self, name: str) -> Picture:
        """Letters and scale on top, and the PNG."""
        image = Image.fromarray(self._rgb)
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(_TEXT_PX)
        self._scale(draw, image.height)
        for place, text, anchor in self._letters:
            draw.text(place, text, (255, 255, 255), font, anchor, stroke_width=2, stroke_fill=(0, 0, 0))
        written = io.BytesIO()
        image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(written, "PNG")
        return Picture(name, written.getvalue(), image.width, image.height, self._pixel_mm)

    def _scale(self, draw: ImageDraw.ImageDraw, height: int) -> None:
        """A bar of two centimetres at the bottom."""
        base, end = height - _MARGIN_PX - _TEXT_PX / 2, _MARGIN_PX + _BAR_MM / self._pixel_mm
        draw.line(((_MARGIN_PX, base), (end, base)), (255, 255, 255), 3)
        self._letters.append(((end + 4, base), "2 cm", "lm"))


def _palette() -> Image.Image:
    greys = [round(255 * step / (_GREYS - 1)) for step in range(_GREYS)]
    colours = [(grey, grey, grey) for grey in greys] + [BODY, REGION]
    palette = Image.new("P", (1, 1))
    palette.putpalette([channel for colour in colours for channel in colour])
    return palette
