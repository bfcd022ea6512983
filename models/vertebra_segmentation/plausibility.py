"""What is not a vertebral body: pieces off the line of the spine, and pieces beyond its row."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import coarse_index
from models.vertebra_segmentation.numbering import STATES
from models.vertebra_segmentation.spine_map import SpineMap

LEAST_SUPPORT = 0.2
"""Mean coarse probability of any body in the core of one that stands by itself."""

FARTHEST_OFF_LINE_MM = 14.0
"""A body lies this near to the chord between its neighbours, in kyphosis and scoliosis too."""

WEAKER = 0.5
"""A piece with less than this share of another's support and volume is the doubtful one of the two."""

CONTINUING_GAP = (0.65, 1.45)
CONTINUING_VOLUME = (0.5, 2.0)
"""A piece that the coarse network does not know is a body where it continues the row: distance in units of the
usual one, volume in units of its neighbour's."""


def spine_bodies(instances: Sequence[Instance], spine: SpineMap) -> list[Instance]:
    """The instances that form a spine, cranial to caudal; none where no body is whole."""
    row = _in_line(instances, spine)
    kept = {place for place, instance in enumerate(row) if _support(instance, spine) >= LEAST_SUPPORT}
    places = sorted(kept)
    gaps = [_distance(row[first], row[second]) for first, second in pairwise(places)]
    if gaps:
        usual_mm = float(np.median(gaps))
        _grow(row, kept, usual_mm, range(len(row)), step=1)
        _grow(row, kept, usual_mm, reversed(range(len(row))), step=-1)
    bodies = [row[place] for place in sorted(kept)]
    return bodies if any(not instance.is_cut for instance in bodies) else []


def _in_line(instances: Sequence[Instance], spine: SpineMap) -> list[Instance]:
    """Without those off the line of their neighbours, the farthest first.

    Of three that make no line the middle one is wrong, unless another is much less of a body: half of a sacrum
    below the spine must not take the last lumbar body with it.
    """
    row = list(instances)
    if len(row) < 3:
        return row
    usual_ml = float(np.median([instance.volume_ml for instance in row]))
    trust = [_support(instance, spine) * min(1.0, instance.volume_ml / usual_ml) for instance in row]
    while len(row) > 2:
        offsets = [_off_line(*row[place : place + 3]) for place in range(len(row) - 2)]
        worst = int(np.argmax(offsets))
        if offsets[worst] <= FARTHEST_OFF_LINE_MM:
            break
        weakest = min(range(worst, worst + 3), key=lambda place: trust[place])
        wrong = weakest if trust[weakest] < WEAKER * trust[worst + 1] else worst + 1
        del row[wrong], trust[wrong]
    return row


def _grow(row: Sequence[Instance], kept: set[int], usual_mm: float, places: Iterable[int], *, step: int) -> None:
    """Keep each piece that continues the row from the one before it."""
    for place in places:
        if place in kept or place - step not in kept:
            continue
        before = row[place - step]
        gap = _distance(row[place], before) / usual_mm
        volume = row[place].volume_ml / before.volume_ml
        if _within(gap, CONTINUING_GAP) and _within(volume, CONTINUING_VOLUME):
            kept.add(place)


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _distance(first: Instance, second: Instance) -> float:
    return float(np.linalg.norm(first.centre_lps - second.centre_lps))


def _support(instance: Instance, spine: SpineMap) -> float:
    channels = [coarse_index(state) for state in STATES]
    return float(spine.at(instance.core_lps)[:, channels].sum(axis=1).mean())


def _off_line(above: Instance, middle: Instance, below: Instance) -> float:
    """Distance in mm of the middle centre from the line through its neighbours'."""
    line = below.centre_lps - above.centre_lps
    line /= max(float(np.linalg.norm(line)), 1e-6)
    offset = middle.centre_lps - above.centre_lps
    return float(np.linalg.norm(offset - line * (offset @ line)))
