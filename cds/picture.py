"""A picture of one CT as the report shows it."""

from dataclasses import dataclass

WINDOW_CENTRE_HU = 300
WINDOW_WIDTH_HU = 1500
"""A bone window: marrow of 0 to 300 HU keeps its texture, and the cortex does not burn out."""
SLAB_MM = 4
"""Thickness over which reformats are averaged: low-dose noise would hide the endplates."""


@dataclass(frozen=True, slots=True)
class Picture:
    """PNG, square pixels; no text in it names the patient."""

    name: str
    """`sagittal`, `coronal`, or `axial-` and the level."""
    png: bytes
    width_px: int
    height_px: int
    pixel_mm: float

    def __post_init__(self) -> None:
        """A picture has pixels of a size."""
        if min(self.width_px, self.height_px) < 1 or self.pixel_mm <= 0 or not self.png.startswith(b"\x89PNG"):
            msg = "a picture is a PNG with pixels of a known size"
            raise ValueError(msg)

    @property
    def level(self) -> str | None:
        """The vertebra that an axial picture is of."""
        return self.name.removeprefix("axial-") if self.name.startswith("axial-") else None
