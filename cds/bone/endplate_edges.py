"""Whether the endplates of a body are seen where the body is lowest.

A loss of height is told only where they are: an outline that misses a corner of its body looks like a
fracture, but runs through spongy bone, where no shell stands out.
"""

import numpy as np

from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.bone.hu_lines import hu_lines, shell_prominence
from cds.bone.vertebral_height import BodyHeights, columns_of
from cds.ct.volume import CtVolume


def lowest_part(heights: BodyHeights) -> str:
    """Where the body is lowest: anterior, middle or posterior."""
    named = {"anterior": heights.anterior, "middle": heights.middle, "posterior": heights.posterior}
    return min(named, key=named.__getitem__)


def weaker_endplate_hu(volume: CtVolume, frame: BodyFrame, part: str) -> float:
    """How far the weaker of both endplates stands out in one part of the body beside the midline, HU."""
    depth, width = np.nonzero(columns_of(frame)[part] & frame.inside.any(axis=0))
    inside = frame.inside[:, depth, width]
    lowest = inside.argmax(axis=0)
    highest = len(inside) - 1 - inside[::-1].argmax(axis=0)
    thickness_mm = float(np.median(highest - lowest + 1)) * STEP_MM
    found = []
    for height, direction in ((highest, 1.0), (lowest, -1.0)):
        surface = np.stack([height, depth, width], axis=1).astype(np.float64)
        outwards = np.broadcast_to(np.array([direction, 0.0, 0.0]), surface.shape)
        found.append(shell_prominence(hu_lines(volume, frame, surface, outwards), thickness_mm))
    return min(found)
