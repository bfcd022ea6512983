"""The spine as the segmenter hands it over: levels, body masks, tissues beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
"""LPS millimetres."""

Vector = tuple[float, float, float]
"""LPS direction of length one."""

CRANIAL: Vector = (0.0, 0.0, 1.0)
"""LPS +z."""

POSTERIOR: Vector = (0.0, 1.0, 0.0)
"""LPS +y."""


class VertebralLevel(StrEnum):
    """Vertebrae that can carry a measurement, cranial to caudal."""

    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"

    @property
    def is_thoracic(self) -> bool:
        """True for T7 to T12."""
        return self.value.startswith("T")


@dataclass(frozen=True, eq=False)
class MaskGrid:
    """A soft mask on its own small grid.

    `inside`: float32 probability in [0, 1], axes (slice, row, column) of the mask's own grid;
    `affine_lps`: (4, 4), mask index to LPS mm.
    """

    inside: NDArray[np.float32]
    affine_lps: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VertebralBody:
    """One vertebral body, without its posterior elements."""

    level: VertebralLevel
    mask: MaskGrid
    centre_lps_mm: Point
    cut_by_border: bool = False
    name_agrees: bool = True
    """The segmenter's voxel-wise name equals the name given by the sequence of levels."""


@dataclass(frozen=True, eq=False)
class Spine:
    """Everything the segmenter found, cranial to caudal."""

    bodies: tuple[VertebralBody, ...]
    numbering_confidence: float
    aorta: MaskGrid | None = None
    paraspinal_muscle: MaskGrid | None = None
    spinal_canal: MaskGrid | None = None
    """None where the segmenter does not know canals; empty where it saw none."""
    turns: tuple[str, ...] = ()
    """How the patient lies against the orientation labels: upside-down, front-to-back, sideways."""
    is_mirrored: bool = False
    """Organs lie on the other side than usual."""
    seconds: Mapping[str, float] = field(default_factory=dict)
