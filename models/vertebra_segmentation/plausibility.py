"""What is not a vertebral body: pieces off the line of the spine, or that the coarse network knows nothing of.

And how far to trust the names of what remains.
"""

from collections.abc import Sequence

import numpy as np

from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import coarse_index
from models.vertebra_segmentation.numbering import STATES, Named
from models.vertebra_segmentation.spine_map import SpineMap

LEAST_SUPPORT = 0.2
"""Mean coarse probability of any body in the core of a real one."""

FARTHEST_OFF_LINE_MM = 14.0
"""A body lies this near to the chord between its neighbours, in kyphosis and scoliosis too."""


def spine_bodies(instances: Sequence[Instance], spine: SpineMap) -> list[Instance]:
    """The instances that form a spine, cranial to caudal; none where no body is whole."""
    supported = [instance for instance in instances if _support(instance, spine) >= LEAST_SUPPORT]
    while len(supported) > 2:
        offsets = [_off_line(*supported[place - 1 : place + 2]) for place in range(1, len(supported) - 1)]
        worst = int(np.argmax(offsets))
        if offsets[worst] <= FARTHEST_OFF_LINE_MM:
            break
        del supported[worst + 1]
    return supported if any(not instance.is_cut for instance in supported) else []


def _support(instance: Instance, spine: SpineMap) -> float:
    channels = [coarse_index(state) for state in STATES]
    return float(spine.at(instance.core_lps)[:, channels].sum(axis=1).mean())


def _off_line(above: Instance, middle: Instance, below: Instance) -> float:
    """Distance in mm of the middle centre from the line through its neighbours'."""
    line = below.centre_lps - above.centre_lps
    line /= max(float(np.linalg.norm(line)), 1e-6)
    offset = middle.centre_lps - above.centre_lps
    return float(np.linalg.norm(offset - line * (offset @ line)))


def numbering_confidence(bodies: Sequence[Named]) -> float:
    """How far to trust the numbering as a whole, 0 to 1.

    The mean share of each core that the coarse network calls by the name of the sequence (0 where it
    prefers another name), times a factor for the ribs.
    """
    if not bodies:
        return 0.0
    agreement = float(np.mean([body.vote if body.name_agrees else 0.0 for body in bodies]))
    return agreement * _rib_factor({body.level: body for body in bodies})


def _rib_factor(bodies: dict[str, Named]) -> float:
    """1 where ribs are seen to end at T12, 0.4 where they are seen to end elsewhere, 0.85 where neither is seen."""
    whole = {level: body for level, body in bodies.items() if not body.instance.is_cut}
    last_with_rib = bodies["T12"].rib_sides if "T12" in bodies else None
    first_without = whole["L1"].rib_sides if "L1" in whole else None
    lacks_rib = "T12" in whole and last_with_rib == 0
    if lacks_rib or first_without == 2:
        return 0.4
    return 1.0 if last_with_rib and first_without == 0 else 0.85
