"""The spinal canal beside one vertebral body: where it lies, and how it runs."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cds.bone.anatomy import MaskGrid, Point, Vector

SEEN_FROM: Final = 0.25
"""Probability from which a voxel counts, by its probability: the maps of the canal are coarse."""

BESIDE_MM: Final = 12.0
"""So far above and below the centre of the body the canal lies beside it."""

COURSE_MM: Final = 30.0
FARTHEST_MM: Final = 60.0
LEAST_CM3: Final = 0.4
"""Less is no canal: a piece of 5 mm of the narrowest adult canal (13 x 20 mm, Clouthier 2023) holds 1 cm3."""


@dataclass(frozen=True, eq=False)
class SpinalCanal:
    """Voxels of the canal: centres (n, 3) in LPS mm, and the volume that each counts for, cm3."""

    points_lps: NDArray[np.float64]
    cm3: NDArray[np.float64]

    def beside(self, centre_lps_mm: Point, cranial: Vector) -> Point | None:
        """Middle of the canal at the height of a body; None where there is too little of it."""
        offset, near = self._near(centre_lps_mm, cranial, BESIDE_MM)
        if self.cm3[near].sum() < LEAST_CM3:
            return None
        x, y, z = (float(mm) for mm in np.average(offset[near], axis=0, weights=self.cm3[near]) + centre_lps_mm)
        return x, y, z

    def course(self, centre_lps_mm: Point, cranial: Vector) -> Vector | None:
        """Direction of the canal to cranial along 60 mm; None where it is seen along less than half of that."""
        offset, near = self._near(centre_lps_mm, cranial, COURSE_MM)
        along = offset[near] @ np.asarray(cranial)
        if self.cm3[near].sum() < LEAST_CM3 or np.ptp(along) < COURSE_MM:
            return None
        weight = np.sqrt(self.cm3[near])[:, None]
        design = np.stack([np.ones(len(along)), along], axis=1)
        slope = np.linalg.lstsq(design * weight, offset[near] * weight, rcond=None)[0][1]
        x, y, z = (float(part) for part in slope / np.linalg.norm(slope))
        return x, y, z

    def _near(
        self, centre_lps_mm: Point, cranial: Vector, reach_mm: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Offsets of all voxels from a centre, and which lie within reach along a direction, and not far off it."""
        offset = self.points_lps - np.asarray(centre_lps_mm)
        along = offset @ np.asarray(cranial)
        across = np.linalg.norm(offset - along[:, None] * np.asarray(cranial), axis=1)
        return offset, (np.abs(along) <= reach_mm) & (across <= FARTHEST_MM)


def canal_of(mask: MaskGrid) -> SpinalCanal:
    """The voxels of a canal's mask; none where nothing in it is seen."""
    seen = np.argwhere(mask.inside >= SEEN_FROM)
    points = seen @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
    voxel_cm3 = abs(float(np.linalg.det(mask.affine_lps[:3, :3]))) / 1000
    return SpinalCanal(points, mask.inside[tuple(seen.T)].astype(np.float64) * voxel_cm3)
