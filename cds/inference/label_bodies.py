"""From the label of a vertebra to the outline of its body.

Of a label's pieces the largest counts. From a whole vertebra the posterior elements come off by the
morphological opening that the shipped networks were trained with. Coarse or thick-sliced labels are
averaged to about 1.5 mm first, so that the outline is smooth and the opening round.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from cds.bone.anatomy import MaskGrid, Point
from cds.ct.volume import CtVolume
from cds.inference.label_map import LabelMap, touches_border
from cds.inference.label_names import Structure
from models.vertebra_segmentation.bodies import vertebral_body
from models.vertebra_segmentation.grid import Image, averaged, to_lps

WORKING_MM = 1.5
FINEST_KEPT_MM, COARSEST_KEPT_MM = 0.9, 2.05
"""A cubic grid within these limits is used as it is."""

CUBIC = 1.05
"""Largest ratio of two spacings of a cubic grid."""

MARGIN_MM = 12.0
"""Room around each label, more than the opening reaches."""

SMALLEST_BODY_ML = 3.0
"""What is smaller is a fragment, not a vertebral body; the shipped segmenter draws the same line."""


@dataclass(frozen=True, eq=False)
class LabelledBody:
    """The body of one labelled vertebra, any from C1 to L6."""

    level: str
    mask: MaskGrid
    centre_lps_mm: Point
    volume_ml: float
    cut_by_border: bool
    """It touches the edge of the scan, or of what the label map covers."""
    second_piece: float
    """Volume of the label's second largest piece, relative to the largest."""


def labelled_bodies(
    label_map: LabelMap, structures: Mapping[int, Structure], volume: CtVolume
) -> tuple[LabelledBody, ...]:
    """The body of every labelled vertebra, cranial to caudal by place, fragments left out."""
    found = [
        _body(label_map, number, structure, volume)
        for number, structure in structures.items()
        if structure.kind in ("vertebra", "body")
    ]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: -each.centre_lps_mm[2]))


def _body(label_map: LabelMap, number: int, structure: Structure, volume: CtVolume) -> LabelledBody | None:
    part = label_map.part(number, MARGIN_MM)
    if part is None:
        return None
    soft = part if _is_cubic(part) else averaged(part, WORKING_MM)
    occupancy = np.asarray(soft.values, dtype=np.float32)
    largest, second_piece = _largest_piece(occupancy > 0.5)
    spacing_mm = float(np.mean(soft.spacing_mm))
    body = largest if structure.kind == "body" else _largest_piece(vertebral_body(largest, spacing_mm))[0]
    filled = np.argwhere(body)
    volume_ml = len(filled) * float(abs(np.linalg.det(soft.affine_lps[:3, :3]))) / 1000
    if volume_ml < SMALLEST_BODY_ML:
        return None
    points = to_lps(soft.affine_lps, filled.astype(np.float64))
    x, y, z = (float(each) for each in points.mean(axis=0))
    return LabelledBody(
        level=str(structure.level),
        mask=MaskGrid(_kept_near(occupancy, body), soft.affine_lps),
        centre_lps_mm=(x, y, z),
        volume_ml=volume_ml,
        cut_by_border=_is_cut(points, soft.affine_lps[:3, :3], label_map, volume),
        second_piece=second_piece,
    )


def _is_cubic(part: Image) -> bool:
    least, most = float(part.spacing_mm.min()), float(part.spacing_mm.max())
    return least >= FINEST_KEPT_MM and most <= COARSEST_KEPT_MM and most <= CUBIC * least


def _largest_piece(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
    """The largest connected piece, and how large the next one is in units of it."""
    pieces, count = label(mask)
    if count == 0:
        return mask, 0.0
    sizes = np.bincount(pieces.ravel())[1:]
    first, second = np.sort(np.append(sizes, 0))[::-1][:2]
    largest: NDArray[np.bool_] = pieces == int(sizes.argmax()) + 1
    return largest, float(second / first)


def _kept_near(occupancy: NDArray[np.float32], body: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The soft edge of the body without what was taken off: each voxel goes with the nearest of the label."""
    solid = (occupancy > 0.5) | body
    nearest = distance_transform_edt(~solid, return_distances=False, return_indices=True)
    kept: NDArray[np.float32] = np.where(body[tuple(nearest)], occupancy, 0).astype(np.float32)
    return kept


def _is_cut(points_lps: NDArray[np.float64], voxel_lps: NDArray[np.float64], label_map: LabelMap, ct: CtVolume) -> bool:
    """Whether the body reaches the edge of the scan, or of the map, which may end before the scan does."""
    covered = label_map.image
    return touches_border(points_lps, voxel_lps, ct.hu.shape, ct.affine_lps) or touches_border(
        points_lps, voxel_lps, covered.values.shape, covered.affine_lps
    )
