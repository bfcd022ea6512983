"""How far to trust the names of a row of bodies as a whole."""

from collections.abc import Sequence

import numpy as np

from models.vertebra_segmentation.numbering import Named

RIBS_END_ELSEWHERE = 0.4
"""Factor where ribs are seen to end elsewhere than at T12: eleven or thirteen pairs, or every name off by one."""


def numbering_confidence(bodies: Sequence[Named]) -> float:
    """Mean probability of the names over all sequences of levels, 0 to 1; lowered where the ribs contradict them."""
    if not bodies:
        return 0.0
    probability = float(np.mean([body.probability for body in bodies]))
    return probability * (RIBS_END_ELSEWHERE if _ribs_contradict({body.level: body for body in bodies}) else 1.0)


def _ribs_contradict(bodies: dict[str, Named]) -> bool:
    """A whole T12 without a rib on either side, or a whole L1 with a rib on both."""
    whole = {level: body.rib_sides for level, body in bodies.items() if not body.instance.is_cut}
    return whole.get("T12") == 0 or whole.get("L1") == 2
