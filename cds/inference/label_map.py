"""A label map, and how the voxels of one structure are cut out of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from cds.bone.anatomy import MaskGrid
from cds.ct.volume import Affine
from cds.errors import SegmenterFailed
from models.vertebra_segmentation.grid import Image, canonical

COARSEST_PIXEL_MM = 3.1
"""The finer two spacings of a label map. At 3 mm a surface is uncertain by 1.5 mm, the region lies 5 mm inside it."""

COARSEST_SLICE_MM = 5.1
"""The coarsest spacing: no thicker than the slices that are accepted."""

_TIE = 1e-6

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Labels as integers on a grid of their own, canonical axes (slice, row, column), and what they are called."""

    image: Image
    names: Mapping[int, str]
    boxes: tuple[Box | None, ...]
    """Bounding box of label n at place n - 1."""

    @classmethod
    def of(cls, labels: NDArray[np.integer], affine_lps: Affine, names: Mapping[int, str]) -> "LabelMap":
        """From labels with axes in any order; `affine_lps` (4, 4) maps their index to LPS mm.

        Raises `SegmenterFailed` where the grid is too coarse, or a label has no name.
        """
        image = canonical(labels, affine_lps)
        spacing = np.sort(image.spacing_mm)
        if spacing[1] > COARSEST_PIXEL_MM or spacing[2] > COARSEST_SLICE_MM:
            shown = " x ".join(f"{each:.1f}" for each in spacing)
            raise SegmenterFailed(
                f"its label map has voxels of {shown} mm, too coarse to outline a vertebral body; "
                f"{COARSEST_PIXEL_MM:.0f} mm in the slice and {COARSEST_SLICE_MM:.0f} mm between slices are the most"
            )
        boxes = tuple(find_objects(image.values))
        unnamed = [place for place, box in enumerate(boxes, start=1) if box is not None and place not in names]
        if unnamed:
            raise SegmenterFailed(f"label {unnamed[0]} has no name: the list of names is not that of the weights")
        return cls(image, names, boxes)

    def box(self, label: int, margin_mm: float = 0.0) -> Box | None:
        """Where the label is, widened and clipped to the map; None where it is not."""
        found = self.boxes[label - 1] if 0 < label <= len(self.boxes) else None
        if found is None:
            return None
        margin = np.ceil(margin_mm / self.image.spacing_mm).astype(int)
        shape = self.image.values.shape
        low, middle, high = (
            slice(max(0, s.start - m), min(n, s.stop + m)) for s, m, n in zip(found, margin, shape, strict=True)
        )
        return low, middle, high

    def part(self, label: int, margin_mm: float) -> Image | None:
        """The label alone as float32 0 or 1, cropped to where it is; None where it is not."""
        box = self.box(label, margin_mm)
        if box is None:
            return None
        cropped = self.image.cropped([s.start for s in box], [s.stop for s in box])
        return Image((cropped.values == label).astype(np.float32), cropped.affine_lps)

    def points_lps(self, label: int) -> NDArray[np.float64]:
        """LPS mm of the label's voxel centres, (n, 3)."""
        part = self.part(label, 0.0)
        if part is None:
            return np.empty((0, 3))
        return np.argwhere(part.values) @ part.affine_lps[:3, :3].T + part.affine_lps[:3, 3]

    def union(self, labels: list[int], margin_mm: float) -> MaskGrid | None:
        """Several labels as one mask, cropped to where they are; None where there is none."""
        boxes = [box for label in labels if (box := self.box(label, margin_mm)) is not None]
        if not boxes:
            return None
        start = [min(box[axis].start for box in boxes) for axis in range(3)]
        stop = [max(box[axis].stop for box in boxes) for axis in range(3)]
        cropped = self.image.cropped(start, stop)
        return MaskGrid(np.isin(cropped.values, labels).astype(np.float32), cropped.affine_lps)


def touches_border(
    points_lps: NDArray[np.float64], voxel_lps: NDArray[np.float64], shape: tuple[int, ...], affine_lps: Affine
) -> bool:
    """Whether points come within a voxel of the first or last voxel centre of a grid.

    `voxel_lps` (3, 3): edges of the points' own voxels, as columns in mm; `shape` and `affine_lps`: the grid.
    """
    to_index = np.linalg.inv(affine_lps)
    index = points_lps @ to_index[:3, :3].T + to_index[:3, 3]
    reach = np.abs(to_index[:3, :3] @ voxel_lps).max(axis=1) - _TIE
    return bool((index < reach).any() or (index > np.array(shape) - 1 - reach).any())
