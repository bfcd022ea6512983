"""Small made-up bodies for the tests of the scoring."""

import numpy as np

from cds.bone.anatomy import MaskGrid
from tests.benchmarks.segmentation.bodies import FoundBody, TrueBody

STEP_MM = 2.0


def a_mask(centre_mm, half_mm=(11.0, 15.0, 20.0), step_mm=STEP_MM):
    """A box around an LPS point; half sizes along z, y, x."""
    counts = [int(2 * half / step_mm) + 6 for half in half_mm]
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = step_mm
    affine[3, 3] = 1
    affine[:3, 3] = np.array(centre_mm) - affine[:3, :3] @ ((np.array(counts) - 1) / 2)
    axes = np.ogrid[tuple(slice(count) for count in counts)]
    away = [np.abs(axis - (count - 1) / 2) * step_mm for axis, count in zip(axes, counts, strict=True)]
    inside = (away[0] <= half_mm[0]) & (away[1] <= half_mm[1]) & (away[2] <= half_mm[2])
    return MaskGrid(inside.astype(np.float32), affine)


def a_found(level, z_mm, *, whole=True, **facts):
    """A body that was found on the axis of the scan."""
    return FoundBody(level, (0.0, 0.0, float(z_mm)), whole, a_mask((0.0, 0.0, z_mm)), **facts)


def a_true(level, z_mm, *, whole=True, masked=True, **facts):
    """A body that is there."""
    mask = a_mask((0.0, 0.0, z_mm), step_mm=1.0) if masked else None
    return TrueBody(level, (0.0, 0.0, float(z_mm)), whole, mask, **facts)
