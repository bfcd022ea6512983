"""The column: sizes of the vertebrae by level, and the curve on which they stand.

Mean sizes: Panjabi et al. 1991 (thoracic) and 1992 (lumbar), cadavers; `GROWTH` brings them to the
heights of living patients on CT (L1 body 23-32 mm, width 39-59 mm, depth 29-42 mm). Tilts: a supine
column with thoracic kyphosis and lumbar lordosis of about 40 degrees each, scaled per patient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.digital_patient.grid import Floats
from models.digital_patient.structures import LEVELS

GROWTH = 1.13
HEIGHT_MM = (12, 12.6, 13.4, 14.1, 15.6, 15.7, 16.2, 16.6, 17.4, 18.2, 18.7, 19.3, 20.2, 21.3, 22.7, 23.8, 24.3,
             24.6, 24.9, 25.2)  # fmt: skip
WIDTH_MM = (18, 20, 22.5, 24.5, 24.9, 24.6, 24.5, 24.9, 26.2, 27.8, 29.5, 30.6, 31.9, 34.9, 39.0, 41.2, 42.6, 44.1,
            46.6, 47.3)  # fmt: skip
DEPTH_MM = (15.5, 16, 17, 18.5, 19.6, 22.7, 23.3, 24.3, 26.0, 27.4, 27.9, 29.3, 30.5, 31.9, 32.8, 34.1, 34.6, 35.2,
            35.5, 34.7)  # fmt: skip
DISC_MM = (5, 5, 4.5, 3.8, 3.6, 3.6, 3.7, 3.9, 4.2, 4.4, 4.7, 5.0, 5.4, 5.8, 6.4, 7.6, 8.8, 9.8, 10.4, 9.8)
"""Disc below each level."""
CANAL_WIDTH_MM = (24, 24, 23.5, 21.8, 19.5, 18.0, 17.0, 17.1, 17.3, 17.3, 17.7, 17.9, 18.2, 19.4, 22.2, 23.7, 23.8,
                  24.3, 25.4, 27.1)  # fmt: skip
CANAL_DEPTH_MM = (15, 15, 15.5, 16.4, 15.7, 15.9, 15.9, 15.8, 15.8, 15.8, 15.8, 15.8, 16, 16.8, 18.1, 19.0, 18.2,
                  17.5, 18.6, 19.7)  # fmt: skip
TILT_DEG = (-8, -15, -22, -25, -21, -17, -13, -9, -4, 0, 5, 10, 13, 15, 15, 13, 8, 0, -10, -22)
"""Lean of the upward axis towards posterior."""
SACRUM_TILT_DEG = -36.0


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra in LPS mm: where it stands and how large its body is."""

    level: str
    centre_lps_mm: tuple[float, float, float]
    axes: tuple[tuple[float, float, float], ...]
    """Unit vectors to its left, its back and its top."""
    height_mm: float
    width_mm: float
    depth_mm: float
    disc_below_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    anterior_loss: float = 0.0
    """Share of the anterior height that a wedge fracture took."""
    middle_loss: float = 0.0

    @property
    def centre(self) -> Floats:
        """Centre of the body."""
        return np.array(self.centre_lps_mm)

    def point(self, left: float, back: float, up: float) -> Floats:
        """LPS mm of a place given in the vertebra's own frame."""
        place: Floats = self.centre + np.array([left, back, up]) @ np.array(self.axes)
        return place

    def canal_centre(self, up: float = 0.0) -> Floats:
        """Middle of the spinal canal behind the body."""
        return self.point(0, self.depth_mm / 2 + self.canal_depth_mm / 2 - 1, up)


@dataclass(frozen=True, slots=True)
class SpineShape:
    """Posture and size of one column."""

    size: float = 1.0
    kyphosis: float = 1.0
    lordosis: float = 1.0
    scoliosis_deg: float = 0.0
    scoliosis_phase: float = 0.0
    sizes_jitter: tuple[float, ...] = (1.0,) * len(LEVELS)
    wedge: Mapping[str, float] | None = None
    """Level to share of anterior height lost."""


def stand(shape: SpineShape) -> tuple[Vertebra, ...]:
    """Pile the vertebrae up from the sacrum, then put the origin at the centre of L1."""
    tilts = _tilts(shape)
    lean = shape.scoliosis_deg * np.sin(2 * np.pi * np.arange(len(LEVELS)) / 13 + shape.scoliosis_phase)
    size = shape.size * GROWTH
    wedge = shape.wedge or {}
    place = np.zeros(3)
    found: list[Vertebra] = []
    for index in reversed(range(len(LEVELS))):
        jitter = shape.sizes_jitter[index]
        axes = _axes(tilts[index], float(lean[index]))
        height = HEIGHT_MM[index] * size * (1 + (jitter - 1) * 0.3)
        disc = DISC_MM[index] * size
        place = place + axes[2] * (disc + height / 2)
        loss = wedge.get(LEVELS[index], 0.0)
        found.append(
            Vertebra(
                LEVELS[index],
                _triple(place),
                tuple(_triple(axis) for axis in axes),
                height,
                WIDTH_MM[index] * size * jitter,
                DEPTH_MM[index] * size * jitter,
                disc,
                CANAL_WIDTH_MM[index] * shape.size,
                CANAL_DEPTH_MM[index] * shape.size,
                loss,
                loss * 0.6,
            )
        )
        place = place + axes[2] * height / 2
    return _centred(found[::-1])


def _tilts(shape: SpineShape) -> Sequence[float]:
    """Angles by level: kyphosis scales down to T12, lordosis from L1, and the two are blended."""
    thoracolumbar = LEVELS.index("L1")
    factor = np.array([shape.kyphosis if i < thoracolumbar else shape.lordosis for i in range(len(LEVELS))])
    factor = np.convolve(np.pad(factor, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return [float(a) for a in np.array(TILT_DEG) * factor]


def _axes(tilt_deg: float, lean_deg: float) -> Floats:
    tilt, lean = np.radians(tilt_deg), np.radians(lean_deg)
    up = np.array([np.sin(lean) * np.cos(tilt), np.sin(tilt), np.cos(lean) * np.cos(tilt)])
    left = np.array([np.cos(lean), 0, -np.sin(lean)])
    return np.array([left, np.cross(up, left), up])


def _centred(vertebrae: Sequence[Vertebra]) -> tuple[Vertebra, ...]:

    origin = next(each for each in vertebrae if each.level == "L1").centre
    return tuple(replace(each, centre_lps_mm=_triple(each.centre - origin)) for each in vertebrae)


def _triple(place: Floats) -> tuple[float, float, float]:
    return float(place[0]), float(place[1]), float(place[2])
