"""One vertebral body along its own axes, and how far each point lies inside it.

The soft mask of the segmenter is resampled to 1 mm along the body's height, depth and width, so
that endplates, walls and thirds of the body are planes of the array.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates

from cds.bone.anatomy import POSTERIOR, MaskGrid, Vector

Field = NDArray[np.float64]
"""One value per point of the frame, axes (height, depth, width)."""

STEP_MM = 1.0
MARGIN_MM = 4.0
SURFACE = 0.5
"""Probability at which the outer surface of the body is drawn."""
TIE = 1e-6
"""A point on a limit lies within it, whatever the rounding of its coordinates (mm, probability)."""


@dataclass(frozen=True, eq=False)
class BodyFrame:
    """Probability of being inside, float64, axes (height: to cranial, depth: to posterior, width).

    `affine_lps`: (4, 4), frame index to LPS mm; steps of 1 mm.
    """

    probability: Field
    affine_lps: NDArray[np.float64]

    @cached_property
    def inside(self) -> NDArray[np.bool_]:
        """Points within the outer surface."""
        return self.probability >= SURFACE - TIE

    @cached_property
    def volume_cm3(self) -> float:
        """Volume within the outer surface."""
        return float(self.inside.sum()) * STEP_MM**3 / 1000

    @cached_property
    def extent_mm(self) -> tuple[float, float, float]:
        """Largest (height, depth, width)."""
        spans = [np.ptp(np.flatnonzero(self.inside.any(axis=others))) for others in ((1, 2), (0, 2), (0, 1))]
        height, depth, width = (float(span + 1) * STEP_MM for span in spans)
        return height, depth, width

    @cached_property
    def below_surface_mm(self) -> Field:
        """Distance to the nearest point of the outer surface; zero outside."""
        distance: Field = distance_transform_edt(np.pad(self.inside, 1)) * STEP_MM
        return np.maximum(distance[1:-1, 1:-1, 1:-1] - STEP_MM / 2, 0.0)

    @cached_property
    def from_endplates_mm(self) -> tuple[Field, Field]:
        """Distance along the height to the (lower, upper) endplate; negative beyond it."""
        count = self.inside.shape[0]
        index = np.arange(count, dtype=np.float64)[:, None, None]
        lowest = np.where(self.inside.any(axis=0), self.inside.argmax(axis=0), count)
        highest = count - 1 - self.inside[::-1].argmax(axis=0)
        return (index - lowest + 0.5) * STEP_MM, (highest - index + 0.5) * STEP_MM


def frame_of(mask: MaskGrid, cranial: Vector, posterior: Vector = POSTERIOR) -> BodyFrame | None:
    """The body's frame; None where nothing in the mask reaches the surface probability.

    `cranial`: LPS unit vector from the lower to the upper endplate; `posterior`: from the front to
    the back, made perpendicular to it.
    """
    mask = cropped(mask)
    core = np.argwhere(mask.inside >= SURFACE)
    if len(core) == 0:
        return None
    axes = _axes(cranial, posterior)
    points = core @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
    weights = mask.inside[tuple(core.T)]
    centre = np.average(points, axis=0, weights=weights)
    along = (points - centre) @ axes
    reach = MARGIN_MM + float(np.abs(mask.affine_lps[:3, :3]).sum(axis=1).max()) / 2
    low, high = np.floor(along.min(axis=0) - reach + TIE), np.ceil(along.max(axis=0) + reach - TIE)
    affine = np.eye(4)
    affine[:3, :3] = axes * STEP_MM
    affine[:3, 3] = centre + axes @ low
    shape = tuple(((high - low) / STEP_MM + 1).astype(int))
    return BodyFrame(sample(mask.inside, mask.affine_lps, affine, shape), affine)


def cropped(mask: MaskGrid) -> MaskGrid:
    """The part of a mask grid that holds its surface, with a margin of two voxels."""
    touched = mask.inside >= SURFACE
    box = []
    for axis in range(3):
        used = np.flatnonzero(touched.any(axis=tuple(a for a in range(3) if a != axis)))
        box.append(slice(max(0, used[0] - 2), used[-1] + 3) if len(used) else slice(0, 0))
    affine = mask.affine_lps.copy()
    affine[:3, 3] += affine[:3, :3] @ [s.start for s in box]
    return MaskGrid(mask.inside[tuple(box)], affine)


def sample(
    values: NDArray[np.floating],
    affine_lps: NDArray[np.float64],
    target_lps: NDArray[np.float64],
    shape: tuple[int, ...],
) -> Field:
    """Linear interpolation of an array at the points of another grid; zero outside it."""
    to_source = np.linalg.inv(affine_lps) @ target_lps
    result: Field = map_coordinates(
        np.pad(values, 1).astype(np.float64), grid_points(to_source, shape) + 1, order=1, mode="constant", cval=0.0
    )
    return result


def grid_points(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Where an affine takes every index of a grid: (3, *shape)."""
    steps = np.ogrid[tuple(slice(n) for n in shape)]
    return np.stack([sum(affine[row, a] * steps[a] for a in range(3)) + affine[row, 3] for row in range(3)])


def _axes(cranial: Vector, posterior: Vector) -> NDArray[np.float64]:
    """Columns: unit vectors of height, depth and width."""
    height = np.asarray(cranial) / np.linalg.norm(cranial)
    depth = np.asarray(posterior) - (np.asarray(posterior) @ height) * height
    depth /= np.linalg.norm(depth)
    return np.stack([height, depth, np.cross(height, depth)], axis=1)
