"""From whole vertebrae to what the fine network learns: body rim, body core, disc."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects

from models.vertebra_segmentation.labels import CORE_DEPTH_MM, fine_index

OPENING_RADIUS_MM = 7.0
"""Removes pedicles, arch and processes of a whole vertebra of `TYPICAL_VOLUME_ML`."""

TYPICAL_VOLUME_ML = 60.0
RADIUS_RANGE_MM = (4.5, 8.0)

REGROWTH_MM = 3.0
"""Gives back the corners that the opening rounds off. With it the opening agrees with an independent
body mask (`ts_example`, T12-L5) at Dice 0.94-0.97; without it at 0.83-0.93."""

DISC_REACH_MM = 7.0
"""A voxel this near to two neighbouring bodies belongs to the disc between them."""

Mask = NDArray[np.bool_]


def vertebral_body(vertebra: Mask, spacing_mm: float) -> Mask:
    """The body of one vertebra: its morphological opening with a ball that fits its size.

    A vertebra cut by the border of the volume is treated as if it went on unchanged.
    """
    body = np.zeros_like(vertebra)
    if not vertebra.any():
        return body
    margin = int(np.ceil((RADIUS_RANGE_MM[1] + REGROWTH_MM) / spacing_mm)) + 2
    box = find_objects(vertebra.astype(np.uint8))[0]
    pad = [(margin, margin)] * 3
    part = np.pad(vertebra[box], [(0, 0)] * 3)
    on_border = [(s.start == 0, s.stop == n) for s, n in zip(box, vertebra.shape, strict=True)]
    for axis, (first, last) in enumerate(on_border):
        width = [(0, 0)] * 3
        width[axis] = (margin * first, margin * last)
        part = np.pad(part, width, mode="edge")
        width[axis] = (margin * (not first), margin * (not last))
        part = np.pad(part, width)
    radius = _opening_radius_mm(float(vertebra.sum()) * spacing_mm**3 / 1000, cut=bool(np.any(on_border)))
    eroded = distance_transform_edt(part) * spacing_mm > radius
    if not eroded.any():
        return body
    opened = distance_transform_edt(~eroded) * spacing_mm <= radius + REGROWTH_MM
    inner = tuple(slice(low, -high) for low, high in pad)
    body[box] = opened[inner] & vertebra[box]
    return body


def _opening_radius_mm(volume_ml: float, *, cut: bool) -> float:
    """Radius in proportion to the size of the vertebra; the typical one where the volume is cut."""
    if cut:
        return OPENING_RADIUS_MM
    low, high = RADIUS_RANGE_MM
    return float(np.clip(OPENING_RADIUS_MM * (volume_ml / TYPICAL_VOLUME_ML) ** (1 / 3), low, high))


def fine_labels(
    vertebrae: Mapping[str, Mask], bodies: Mapping[str, Mask], rib: Mask, spacing_mm: float
) -> NDArray[np.uint8]:
    """Fine class of every voxel; `vertebrae` and `bodies` by level in cranio-caudal order."""
    shape = rib.shape
    labels = np.zeros(shape, np.uint8)
    labels[rib] = fine_index("rib")
    for level, vertebra in vertebrae.items():
        labels[vertebra & ~bodies[level]] = fine_index("posterior_elements")
    everything = np.logical_or.reduce(list(vertebrae.values()))
    ordered = [body for body in bodies.values() if body.any()]
    for upper, lower in pairwise(ordered):
        box = _around(upper | lower, int(2 * DISC_REACH_MM / spacing_mm))
        near = distance_transform_edt(~upper[box]) * spacing_mm <= DISC_REACH_MM
        near &= distance_transform_edt(~lower[box]) * spacing_mm <= DISC_REACH_MM
        labels[box][near & ~everything[box]] = fine_index("disc")
    for body in ordered:
        box = _around(body, 3)
        depth = distance_transform_edt(body[box]) * spacing_mm
        labels[box][body[box]] = fine_index("body_rim")
        labels[box][depth > CORE_DEPTH_MM] = fine_index("body_core")
    return labels


def _around(mask: Mask, margin: int) -> tuple[slice, ...]:
    """Bounding box of a non-empty mask, widened and clipped to the array."""
    box = find_objects(mask.astype(np.uint8))[0]
    return tuple(slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(box, mask.shape, strict=True))
