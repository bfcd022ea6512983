"""Stage 1: where the spine runs, which level is where, and the tissues beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, label

from models.vertebra_segmentation.grid import Affine, Array, Image, averaged, summed, to_index
from models.vertebra_segmentation.inference import probabilities
from models.vertebra_segmentation.labels import BODY_CLASSES, COUNTED, TISSUES, coarse_index
from models.vertebra_segmentation.network import HalfResolutionUNet

SPACING_MM = 4.0
OUTSIDE_HU = -400.0
OCCUPIED_SHARE = 0.02
"""Outer planes with a smaller share of voxels above `OUTSIDE_HU` are left out."""

SMALLEST_SPINE_ML = 4.0
CURVE_SMOOTHING_MM = 16.0
CONTINUES_ASIDE_MM = 25.0
CONTINUES_ASLANT = 0.5
"""Pieces of one column lie over each other up to half a body, and half a millimetre for each that is between them:
more than the steepest scoliosis."""


@dataclass(frozen=True, slots=True)
class SpineMap:
    """Coarse class probabilities (class, slice, row, column) on a grid of about 4 mm."""

    probabilities: Array
    affine_lps: Affine

    def of(self, *names: str) -> Array:
        """Summed probability of some classes."""
        return summed(self.probabilities, map(coarse_index, names))

    def body(self) -> Array:
        """Probability that a voxel belongs to any vertebral body."""
        return self.of(*BODY_CLASSES)

    def named(self) -> Array:
        """Probability that a voxel belongs to a body from T1 to L5."""
        return self.of(*COUNTED)

    def at(self, points_lps: NDArray[np.float64]) -> Array:
        """Class probabilities (point, class) of the voxels nearest to LPS points."""
        index = np.rint(to_index(self.affine_lps, points_lps)).astype(int)
        limits = np.array(self.probabilities.shape[1:]) - 1
        k, j, i = np.clip(index, 0, limits).T
        values: Array = self.probabilities[:, k, j, i].T
        return values

    def tissue(self, name: str) -> Image | None:
        """Probability of one tissue, cropped to where it is; None where there is none."""
        values = self.probabilities[coarse_index(name)]
        present = values > 0.5
        if name not in TISSUES or not present.any():
            return None
        corners = [(np.flatnonzero(present.any(axis=others))) for others in ((1, 2), (0, 2), (0, 1))]
        start = [max(0, int(c[0]) - 2) for c in corners]
        stop = [int(c[-1]) + 3 for c in corners]
        return Image(values, self.affine_lps).cropped(
            start, [min(a, n) for a, n in zip(stop, values.shape, strict=True)]
        )


@dataclass(frozen=True, slots=True)
class SpineCurve:
    """Centre (row, column) of the vertebral column for each slice of a spine map."""

    slices: NDArray[np.int64]
    centres: NDArray[np.float64]
    is_named: NDArray[np.bool_]
    """Whether the slice shows a body from T1 to L5."""


def map_spine(hu: Image, network: HalfResolutionUNet, device: str) -> SpineMap:
    """Average the scan to 4 mm, leave out the surrounding air, and classify every voxel."""
    whole = averaged(hu, SPACING_MM)
    small = whole.cropped(*_occupied_box(whole.values.astype(np.float32, copy=False) > OUTSIDE_HU))
    values = small.values.astype(np.float32, copy=False)
    return SpineMap(probabilities(network, values[None], device)[0], small.affine_lps)


def _occupied_box(inside: NDArray[np.bool_]) -> tuple[list[int], list[int]]:
    start, stop = [0], [inside.shape[0]]
    for axis in (1, 2):
        share = inside.mean(axis=(0, 3 - axis))
        used = np.flatnonzero(share > OCCUPIED_SHARE)
        start.append(int(used[0]) if len(used) else 0)
        stop.append(int(used[-1]) + 1 if len(used) else inside.shape[axis])
    return start, stop


def spine_curve(spine: SpineMap) -> SpineCurve | None:
    """Follow the largest connected column of body voxels; None where there is no spine."""
    body = spine.body()
    components, count = label(body > 0.5)
    if count == 0:
        return None
    sizes = np.bincount(components.ravel())[1:]
    voxel_ml = float(abs(np.linalg.det(spine.affine_lps[:3, :3]))) / 1000
    kept = np.flatnonzero(sizes * voxel_ml >= SMALLEST_SPINE_ML) + 1
    if len(kept) == 0:
        return None
    weight = np.where(np.isin(components, _in_one_column(components, kept, sizes)), body, 0)
    mass = weight.sum(axis=(1, 2))
    slices = np.flatnonzero(mass > 0)
    row = (weight.sum(axis=2) @ np.arange(body.shape[1]))[slices] / mass[slices]
    column = (weight.sum(axis=1) @ np.arange(body.shape[2]))[slices] / mass[slices]
    every = np.arange(slices[0], slices[-1] + 1)
    sigma = CURVE_SMOOTHING_MM / SPACING_MM
    filled = [gaussian_filter1d(np.interp(every, slices, c), sigma, mode="nearest") for c in (row, column)]
    named = (spine.named() * (weight > 0)).sum(axis=(1, 2))[every] > 1
    return SpineCurve(every, np.stack(filled, axis=1), named)


def _in_one_column(components: NDArray[np.int32], kept: NDArray[np.intp], sizes: NDArray[np.intp]) -> list[int]:
    """The largest component, and those that continue it: a hip with metal may look like a body, but lies beside."""
    by_size = sorted((int(c) for c in kept), key=lambda c: -sizes[c - 1])
    column, others = by_size[:1], by_size[1:]
    while continuing := [c for c in others if _continues(components == c, np.isin(components, column))]:
        column += continuing
        others = [c for c in others if c not in continuing]
    return column


def _continues(piece: NDArray[np.bool_], column: NDArray[np.bool_]) -> bool:
    """Whether the facing ends of both lie over each other, the less so the farther apart they are."""
    own, there = (np.flatnonzero(mask.any(axis=(1, 2))) for mask in (piece, column))
    apart = np.abs(own[:, None] - there[None])
    near, far = np.unravel_index(int(apart.argmin()), apart.shape)
    ends = [np.argwhere(mask[at]).mean(axis=0) for mask, at in ((piece, own[near]), (column, there[far]))]
    aside_mm = float(np.linalg.norm(ends[0] - ends[1])) * SPACING_MM
    return aside_mm <= CONTINUES_ASIDE_MM + CONTINUES_ASLANT * float(apart[near, far]) * SPACING_MM
