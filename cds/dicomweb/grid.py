"""Where the slices of a series lie: one regular grid, or the reason why there is none.

Only ImagePositionPatient, ImageOrientationPatient and PixelSpacing count; file names, instance
numbers and SliceLocation are never read.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cds.ct.reason import Reason, because
from cds.ct.usability import MAXIMUM_SLICE_MM, MINIMUM_SLICES
from cds.ct.volume import Affine
from cds.dicomweb.conditions import MAXIMUM_TILT_DEG, normal_of
from cds.dicomweb.slices import CtSlice

SamePixels = Callable[[int, int], bool]
"""Whether the images at two indices have identical pixels."""

_SAME_PLACE_MM: Final = 0.01
_ROUNDING_MM: Final = 0.11
"""Some scanners write positions with one decimal, so that a distance may be off by 0.1 mm."""
_ROUNDING_AT_MOST: Final = 0.25
"""Of the spacing; finer spacings must be written finer."""
_GAP_TOLERANCE: Final = 0.05
"""Of the spacing."""
_DRIFT_FRACTION: Final = 0.25
"""How far, in slice spacings, any slice may lie from its place on the regular grid."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Image indices from feet to head, without duplicates, and the (4, 4) affine to LPS mm."""

    order: tuple[int, ...]
    affine_lps: Affine


def grid_of(images: Sequence[CtSlice], same_pixels: SamePixels) -> Grid | Reason:
    """Put images that fulfil every condition of `conditions` on one grid."""
    positions_mm = np.array([image.position_lps_mm for image in images], float)
    normal = np.array(normal_of(images[0]))
    along_mm = positions_mm @ normal
    kept, duplicate = _without_duplicates(np.argsort(along_mm, kind="stable"), positions_mm, same_pixels)
    if duplicate is not None:
        return duplicate
    if len(kept) < MINIMUM_SLICES:
        return because("too-few-slices", count=len(kept), minimum=MINIMUM_SLICES)
    uneven = _spacing_fault(along_mm[kept], positions_mm[kept])
    if uneven is not None:
        return uneven
    step_mm = (positions_mm[kept[-1]] - positions_mm[kept[0]]) / (len(kept) - 1)
    fault = _line_fault(positions_mm[kept], step_mm, normal, images[0])
    return fault or Grid(tuple(kept), _affine(images[kept[0]], step_mm))


def _without_duplicates(
    ascending: NDArray[np.intp], positions_mm: NDArray[np.float64], same_pixels: SamePixels
) -> tuple[list[int], Reason | None]:
    kept: list[int] = []
    differing: list[float] = []
    for index in map(int, ascending):
        if not kept or np.abs(positions_mm[index] - positions_mm[kept[-1]]).max() > _SAME_PLACE_MM:
            kept.append(index)
        elif not same_pixels(index, kept[-1]):
            differing.append(float(positions_mm[index][2]))
    if differing:
        return kept, because("slices-duplicate", count=len(differing), position_mm=differing[0])
    return kept, None


def _spacing_fault(along_mm: NDArray[np.float64], positions_mm: NDArray[np.float64]) -> Reason | None:
    gaps_mm = np.diff(along_mm)
    spacing_mm = float(np.median(gaps_mm))
    if spacing_mm <= _SAME_PLACE_MM:
        return because("spacing-not-uniform", smallest_mm=gaps_mm.min(), largest_mm=gaps_mm.max())
    tolerance_mm = max(_GAP_TOLERANCE * spacing_mm, min(_ROUNDING_MM, _ROUNDING_AT_MOST * spacing_mm))
    steps = np.rint(gaps_mm / spacing_mm)
    if (np.abs(gaps_mm - steps * spacing_mm) > tolerance_mm * np.maximum(steps, 1)).any() or (steps < 1).any():
        return because("spacing-not-uniform", smallest_mm=gaps_mm.min(), largest_mm=gaps_mm.max())
    if spacing_mm > MAXIMUM_SLICE_MM + _SAME_PLACE_MM:
        return because("slices-too-far-apart", spacing_mm=spacing_mm, maximum_mm=MAXIMUM_SLICE_MM)
    if (steps > 1).any():
        below = int(np.argmax(steps > 1))
        return because(
            "slices-missing",
            count=int((steps - 1).sum()),
            position_mm=float(positions_mm[below][2]) + spacing_mm,
        )
    drift_mm = np.abs(along_mm - np.linspace(along_mm[0], along_mm[-1], len(along_mm))).max()
    if drift_mm > _DRIFT_FRACTION * spacing_mm:
        return because("spacing-not-uniform", smallest_mm=gaps_mm.min(), largest_mm=gaps_mm.max())
    return None


def _line_fault(
    positions_mm: NDArray[np.float64], step_mm: NDArray[np.float64], normal: NDArray[np.float64], first: CtSlice
) -> Reason | None:
    """Slices must lie behind each other: no sideways jumps, no sheared (tilted gantry) stack."""
    pixel_mm = min(first.pixel_spacing_mm or (1.0, 1.0))
    expected_mm = positions_mm[0] + np.arange(len(positions_mm))[:, np.newaxis] * step_mm
    sideways_mm = positions_mm - expected_mm
    sideways_mm -= np.outer(sideways_mm @ normal, normal)
    if np.linalg.norm(sideways_mm, axis=1).max() > pixel_mm / 2:
        return because("mixed-series", what="the position in the slice plane")
    shear_deg = math.degrees(math.acos(min(1.0, float(step_mm @ normal) / float(np.linalg.norm(step_mm)))))
    if shear_deg > MAXIMUM_TILT_DEG:
        return because("gantry-tilt", tilt_deg=shear_deg, maximum_deg=MAXIMUM_TILT_DEG)
    return None


def _affine(first: CtSlice, step_mm: NDArray[np.float64]) -> Affine:
    """(4, 4): (slice, row, column, 1) to LPS mm (PS3.3 equation C.7.6.2.1-1)."""
    between_rows_mm, between_columns_mm = first.pixel_spacing_mm or (1.0, 1.0)
    affine = np.eye(4)
    affine[:3, 0] = step_mm
    affine[:3, 1] = np.asarray(first.column_direction, float) * between_rows_mm
    affine[:3, 2] = np.asarray(first.row_direction, float) * between_columns_mm
    affine[:3, 3] = first.position_lps_mm
    return affine
