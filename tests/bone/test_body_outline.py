import numpy as np
import pytest

from cds.bone.body_outline import outline_of
from cds.ct.volume import CtVolume
from tests.bone.phantom import TRUNK_HALF_MM, Trunk, a_series, grid_affine

SPACING = (3.0, 3.0, 3.0)
SHORT = {"extent_mm": (12.0, 260.0, 330.0), "centre_mm": (0.0, -40.0, 0.0), "spacing_mm": SPACING}


def area_cm2(outline):
    """Area of the body."""
    return outline.body.sum() * np.prod(outline.spacing_mm) / 100


def plain(hu, spacing=2.5):
    """One slice as a volume."""
    shape = (1, *hu.shape)
    return CtVolume(hu.astype(np.int16)[None], grid_affine((5.0, spacing, spacing), shape, (0, 0, 0)), a_series())


def disc(size=100, radius=30.0, inside=0, outside=-1000, centre=(0.0, 0.0)):
    """A disc on a square of air."""
    axis = np.arange(size) - (size - 1) / 2
    return np.where(np.hypot(axis[:, None] - centre[0], axis[None, :] - centre[1]) <= radius, inside, outside)


def test_the_body_is_found_without_its_table():
    """The outline's area is that of the trunk within 3 %, table or not."""
    expected = np.pi * TRUNK_HALF_MM[0] * TRUNK_HALF_MM[1] / 100

    for table in (True, False):
        assert area_cm2(outline_of(Trunk(table=table, **SHORT).volume(), 2)) == pytest.approx(expected, rel=0.03)


def test_lungs_belong_to_the_body():
    """Holes in the body are filled."""
    hu = disc()
    hu[45:55, 35:45] = -850

    assert area_cm2(outline_of(plain(hu), 0)) == pytest.approx(area_cm2(outline_of(plain(disc()), 0)))


def test_fine_pixels_are_thinned():
    """At 0.7 mm every fourth row and column is looked at, to the same area."""
    fine = outline_of(plain(disc(400, 120.0), 0.7), 0)
    coarse = outline_of(plain(disc(112, 33.6), 2.5), 0)

    assert fine.step == (4, 4)
    assert area_cm2(fine) == pytest.approx(area_cm2(coarse), rel=0.03)


def test_a_slice_of_air_has_no_body():
    """Where nothing is tissue, nothing is body."""
    assert not outline_of(plain(np.full((50, 50), -1000)), 0).body.any()


def test_the_circle_of_reconstruction_is_seen():
    """Constant padding beyond the inscribed circle is no air and no body."""
    hu = disc(100, 49.9, -990, -2000)
    hu[40:60, 40:60] = 50
    outline = outline_of(plain(hu), 0)

    assert outline.field_of_view.mean() == pytest.approx(np.pi / 4, abs=0.02)
    assert outline.touched_border_mm == 0


def test_a_body_beyond_the_circle_touches_its_border():
    """A body that fills the circle of reconstruction is cut along its edge."""
    outline = outline_of(plain(disc(100, 49.9, 20, -2000)), 0)

    assert outline.touched_border_mm > 400


def test_a_body_cut_by_the_image_touches_its_border():
    """A body that leaves the image is cut along that edge."""
    outline = outline_of(plain(disc(100, 30.0, centre=(40.0, 0.0))), 0)

    assert 80 < outline.touched_border_mm < 180


def test_a_body_within_the_image_touches_nothing():
    """A body with air around it is whole."""
    assert outline_of(plain(disc()), 0).touched_border_mm == 0
