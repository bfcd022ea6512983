"""Smooth random fields that fill space by repeating: nothing in a body is quite regular."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Picture = NDArray[np.float32]
Places = tuple[Picture, Picture, Picture]


TILE = 64
"""Voxels along each side of a tile, a power of two."""
FAR_TILES = 256
"""No place lies further than that many tiles from the origin."""


@dataclass(frozen=True, slots=True)
class Field:
    """Values with mean 0 and SD 1 on a cube of voxels that repeats in every direction."""

    tile: Picture
    """(z, y, x)"""
    step_mm: float

    def at(self, places: Places) -> Picture:
        """The nearest values at x, y, z in mm; the three broadcast against each other."""
        x, y, z = (
            (place * np.float32(1 / self.step_mm) + np.float32(0.5 + TILE * FAR_TILES)).astype(np.int32) & (TILE - 1)
            for place in places
        )
        found: Picture = self.tile[z, y, x]
        return found


@dataclass(frozen=True, slots=True)
class Unevenness:
    """One patient's fields."""

    relief: Field
    """Of surfaces: bumps of two centimetres."""
    grain: Field
    """Of spongy bone: strands of two millimetres, longer upwards."""


@lru_cache(maxsize=4)
def unevenness(seed: int) -> Unevenness:
    """The fields of a seed."""
    rng = np.random.default_rng([seed, 1])
    return Unevenness(_field(rng, (2.6, 2.6, 2.6), 3.0), _field(rng, (2.4, 1.2, 1.2), 1.0))


def _field(rng: np.random.Generator, sigmas: tuple[float, float, float], step_mm: float) -> Field:
    white = rng.standard_normal((TILE,) * 3, np.float32)
    tile = ndimage.gaussian_filter(white, sigmas, mode="wrap", truncate=3)
    return Field(((tile - tile.mean()) / tile.std()).astype(np.float32), step_mm)
