from itertools import pairwise

import pytest

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.reference_body import REFERENCE


def test_every_level_has_a_size():
    """T7 to L5, in order."""
    assert list(REFERENCE) == list(Level)


@pytest.mark.parametrize(("upper", "lower"), list(pairwise(Level)))
def test_bodies_grow_downwards(upper, lower):
    """Each body is at least as wide as the one above."""
    assert REFERENCE[upper].width_mm < REFERENCE[lower].width_mm


def test_heights_grow_as_on_ct():
    """From T9 to L1 by 4 to 8 % a level, as Palm 2025 saw (6.5 %)."""
    a_level = (REFERENCE[Level.L1].height_mm / REFERENCE[Level.T9].height_mm) ** (1 / 4)

    assert a_level == pytest.approx(1.06, abs=0.02)


def test_volumes_are_those_of_vertebrae():
    """From 11 cm3 at T7 to about 31 at L4."""
    assert REFERENCE[Level.T7].volume_cm3 == pytest.approx(11, abs=1)
    assert REFERENCE[Level.L4].volume_cm3 == pytest.approx(31, abs=1)
