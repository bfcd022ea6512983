"""A CT as voxels: Hounsfield units on one regular grid, with its place in the patient."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cds.ct.acquisition import CtSeries

Affine = NDArray[np.float64]
"""(4, 4): (slice, row, column, 1) index to LPS millimetres (x left, y posterior, z superior)."""


@dataclass(frozen=True)
class CtVolume:
    """int16 Hounsfield units, axes (slice, row, column), and the affine to LPS mm.

    Valid once constructed: three axes of at least one voxel, a finite and regular affine.
    The voxels are read-only.
    """

    hu: NDArray[np.int16]
    affine_lps: Affine
    series: CtSeries
    sop_instance_uids: tuple[str, ...] = ()
    """Of the image behind each slice, in their order; empty where images carry no unique ones."""

    def __post_init__(self) -> None:
        """Check shape, type and geometry; freeze the arrays."""
        if self.hu.ndim != 3 or min(self.hu.shape) < 1 or self.hu.dtype != np.int16:
            msg = f"hu must be int16 (slice, row, column), got {self.hu.dtype} {self.hu.shape}"
            raise ValueError(msg)
        if self.affine_lps.shape != (4, 4) or not np.isfinite(self.affine_lps).all():
            msg = "affine_lps must be a finite (4, 4) matrix"
            raise ValueError(msg)
        if abs(np.linalg.det(self.affine_lps[:3, :3])) < 1e-9:
            msg = "affine_lps is singular"
            raise ValueError(msg)
        if len(self.sop_instance_uids) not in (0, len(self.hu)):
            msg = f"{len(self.sop_instance_uids)} images cannot make {len(self.hu)} slices"
            raise ValueError(msg)
        self.hu.setflags(write=False)
        self.affine_lps.setflags(write=False)

    @cached_property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighbouring voxels along (slice, row, column)."""
        slice_mm, row_mm, column_mm = np.linalg.norm(self.affine_lps[:3, :3], axis=0)
        return float(slice_mm), float(row_mm), float(column_mm)

    @cached_property
    def slice_heights_mm(self) -> NDArray[np.float64]:
        """LPS z of the middle of each slice."""
        rows, columns = ((n - 1) / 2 for n in self.hu.shape[1:])
        along = self.affine_lps[2, 0] * np.arange(self.hu.shape[0], dtype=np.float64)
        heights: NDArray[np.float64] = along + self.affine_lps[2, 1:] @ np.array([rows, columns, 1.0])
        return heights

    @cached_property
    def lps_to_index(self) -> Affine:
        """(4, 4): LPS millimetres to (slice, row, column) index."""
        return np.linalg.inv(self.affine_lps).astype(np.float64)
