from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.body_axes import BodyAxes
from cds.bone.outlined_body import outlined_body
from cds.bone.pedicle_height import FEWEST_BODIES, are_upside_down, pedicle_height
from cds.ct.volume import CtVolume
from tests.bone.phantom import BODY_HALF_MM, CANAL_Y_MM, L1, Trunk, a_body, flipped

ALONE = Trunk(bone_hu={L1: 120}, spacing_mm=(1.0, 1.0, 1.0), extent_mm=(60.0, 90.0, 90.0), centre_mm=(0.0, 8.0, 0.0))
AXES = BodyAxes(canal_lps_mm=(0.0, CANAL_Y_MM, 0.0))
few = settings(max_examples=12, deadline=None)


def with_pedicles(low_mm, high_mm):
    """A body with two bars of bone behind it, from one height to another above its centre."""
    return ALONE.but(pedicles_mm=(low_mm, high_mm)).volume()


def outline(volume, axes=AXES):
    """The body's outline."""
    return outlined_body(volume, a_body(), axes)


UPRIGHT = with_pedicles(1, 11)


@few
@given(st.integers(-12, 2), st.integers(4, 10))
def test_the_height_is_that_of_the_bars(low_mm, height_mm):
    """In shares of the body's height from its middle, within 0.05."""
    volume = with_pedicles(low_mm, low_mm + height_mm)
    expected = (low_mm + height_mm / 2) / (2 * BODY_HALF_MM[2])

    assert pedicle_height(volume, outline(volume)) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_storage_does_not_matter(axis):
    """Reversed with its affine the pedicles are where they were."""
    other = flipped(UPRIGHT, axis)

    assert pedicle_height(other, outline(other)) == pytest.approx(pedicle_height(UPRIGHT, outline(UPRIGHT)), abs=1e-6)


def test_without_a_canal_there_is_no_beside():
    """Where the canal is not seen nothing is said."""
    assert pedicle_height(UPRIGHT, outline(UPRIGHT, BodyAxes())) is None


def test_a_body_without_pedicles_says_nothing():
    """Soft tissue beside the canal is no bone."""
    volume = ALONE.volume()

    assert pedicle_height(volume, outline(volume)) is None


def upside_down(volume):
    """The same voxels with the slices reversed."""
    return CtVolume(np.ascontiguousarray(volume.hu[::-1]), volume.affine_lps.copy(), volume.series)


def test_pedicles_in_the_lower_half_are_upside_down():
    """Reversed slices are seen where three bodies say so; upright ones never."""
    turned = upside_down(UPRIGHT)

    assert are_upside_down(turned, [outline(turned)] * FEWEST_BODIES)
    assert not are_upside_down(UPRIGHT, [outline(UPRIGHT)] * FEWEST_BODIES)


def test_two_bodies_do_not_turn_a_patient():
    """Nor do bodies that say nothing."""
    turned = upside_down(UPRIGHT)
    silent = replace(outline(turned), axes=BodyAxes())

    assert not are_upside_down(turned, [outline(turned)] * (FEWEST_BODIES - 1) + [silent] * 5)
