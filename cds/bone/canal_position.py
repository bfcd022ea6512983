"""Where the spinal canal lies, seen from the centre of an outline: straight behind a vertebral body."""

from dataclasses import dataclass
from math import degrees, hypot

import numpy as np

from cds.bone.anatomy import POSTERIOR, Point
from cds.bone.body_axes import BodyAxes


@dataclass(frozen=True, slots=True)
class CanalPosition:
    """Distance across the height of the body, mm; angle with straight back (LPS +y), degrees."""

    distance_mm: float
    angle_deg: float


def canal_position(centre_lps_mm: Point, axes: BodyAxes) -> CanalPosition | None:
    """None where the canal was not seen beside the body."""
    if axes.canal_lps_mm is None:
        return None
    cranial = np.asarray(axes.cranial)
    back = np.asarray(POSTERIOR) - (np.asarray(POSTERIOR) @ cranial) * cranial
    back /= np.linalg.norm(back)
    offset = np.subtract(axes.canal_lps_mm, centre_lps_mm)
    behind, beside = float(offset @ back), float(offset @ np.cross(cranial, back))
    return CanalPosition(hypot(behind, beside), abs(degrees(float(np.arctan2(beside, behind)))))
