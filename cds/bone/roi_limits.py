"""Where in a vertebral body the trabecular region may lie, as distances in mm.

    inside    at least 5 mm below the outer surface: masks include the cortical shell, which leaks
              tens of HU through the blur of the scanner
    endplates at least half a slice + 3 mm away, along the height of the body
    vein      not in the posterior third within the middle 40 % of the height (basivertebral vein)
    height    preferably within the middle half

Fields are positive within a limit, negative outside, and continuous: they can be interpolated.

The depth is max(5 mm, 3 mm + 1.3 FWHM / 2) for a scanner that blurs a point to FWHM in the plane: 5 mm
for every FWHM up to 3.1 mm. Kernels for the trunk stay below that: soft ones blur to about 1.5 mm,
sharp ones to less, and overshoot beside an edge only. A kernel of unknown name is therefore treated
like any other, and a sharp one leaves its flag.
"""

import numpy as np
from numpy.typing import NDArray

from cds.bone.body_frame import BodyFrame, Field

CORE_DEPTH_MM = 5.0
ENDPLATE_MM = 3.0
MIDDLE_HALF = (0.25, 0.75)
VEIN_HEIGHT = (0.30, 0.70)
VEIN_DEPTH = 2 / 3


def clearance_mm(frame: BodyFrame, slice_mm: float) -> Field:
    """Clearance from every limit but the middle half."""
    lower, upper = frame.from_endplates_mm
    core = np.minimum(frame.below_surface_mm - CORE_DEPTH_MM, np.minimum(lower, upper) - (slice_mm / 2 + ENDPLATE_MM))
    beside_vein = np.maximum(_before_posterior_third(frame), -within_heights(frame, VEIN_HEIGHT))
    return np.minimum(core, beside_vein)


def within_heights(frame: BodyFrame, limits: tuple[float, float]) -> Field:
    """Distance along the height to the nearer of two limits, given as fractions of the height."""
    lower, upper = frame.from_endplates_mm
    length = np.maximum(lower + upper, 0.0)
    return np.minimum(lower - limits[0] * length, limits[1] * length - lower)


def _before_posterior_third(frame: BodyFrame) -> Field:
    """Distance to the plane that cuts off the posterior third of the depth at the midline."""
    at_middle = frame.inside & (within_heights(frame, VEIN_HEIGHT) >= 0)
    footprint: NDArray[np.bool_] = np.asarray(at_middle.any(axis=0))
    used = np.flatnonzero(footprint.any(axis=0))
    beside = footprint[:, (used[0] + used[-1]) // 2 - 1 : (used[0] + used[-1]) // 2 + 2]
    last = beside.shape[0] - 1 - beside[::-1].argmax(axis=0)
    first = beside.argmax(axis=0)
    limit = float(np.median(first + VEIN_DEPTH * (last - first)))
    distance = limit - np.arange(footprint.shape[0], dtype=np.float64)
    return np.broadcast_to(distance[None, :, None], frame.inside.shape)
