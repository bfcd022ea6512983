"""Mirrors cds/pictures: what a reader sees is where it is in the CT."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cds.bone.anatomy import Spine
from cds.bone.measured_ct import MeasuredCt
from cds.picture import Picture
from cds.pictures.canvas import BODY, REGION
from cds.pictures.illustrator import SpineIllustrator
from tests.bone.phantom import L1, L2, L3, T12, Trunk, flipped, level_z_mm, moved_lps, with_axes

TRUNK = Trunk(noise_hu=0.0)
USED = (L1, L2)


def an_roi(volume, level, half_mm=8.1):
    """The voxels of a cube in the middle of a body."""
    centre = volume.lps_to_index @ np.array([0.0, 0.0, level_z_mm(level), 1.0])
    index = np.argwhere(np.ones(volume.hu.shape, bool))
    near = (np.abs(index - centre[:3]) * volume.spacing_mm <= half_mm).all(axis=1)
    return index[near].astype(np.int32)


def drawn(volume=None, used=USED, spine=None):
    """Pictures of the trunk by name."""
    volume = volume or TRUNK.volume()
    ct = MeasuredCt(volume, spine or TRUNK.spine(), {level: an_roi(volume, level) for level in (L1, L2, L3)})
    return {each.name: each for each in SpineIllustrator().draw(ct, used)}


def pixels(picture):
    """RGB."""
    return np.array(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def where(picture, colour):
    """(row, column) in mm from the middle of the picture."""
    found = np.argwhere((pixels(picture) == colour).all(axis=-1))
    middle = np.array([picture.height_px, picture.width_px]) / 2
    return (found - middle) * picture.pixel_mm


def test_two_reformats_and_a_slice_for_each_level_used():
    """In the order in which a reader looks at them."""
    assert list(drawn()) == ["sagittal", "coronal", "axial-L1", "axial-L2"]
    assert list(drawn(used=(T12, L1))) == ["sagittal", "coronal", "axial-L1"]  # T12 was not measured


def test_pixels_are_square_and_of_true_size():
    """A region is as wide and as high as its voxels are in the patient, whatever the CT's spacing."""
    volume = TRUNK.volume()
    size_mm = (np.ptp(an_roi(volume, L1), axis=0) + 1) * volume.spacing_mm

    for name, across in (("sagittal", 1), ("coronal", 2)):
        height, width = np.ptp(where(drawn(volume, used=(L1,))[name], REGION), axis=0) + 0.5
        assert height == pytest.approx(size_mm[0], abs=1.0)
        assert width == pytest.approx(size_mm[across], abs=1.0)


def test_pictures_do_not_depend_on_how_voxels_are_stored():
    """Slices from feet or head, rows from front or back: the same picture, but for ties at the edges of voxels."""
    volume = TRUNK.volume()
    usual = drawn(volume)

    for other in (flipped(volume, 0), flipped(volume, 1), flipped(volume, 2), with_axes(volume, (0, 2, 1))):
        for name, picture in drawn(other).items():
            apart = np.abs(pixels(picture).astype(int) - pixels(usual[name])).max(axis=-1)
            assert (apart > 4).mean() < 0.01, name


def test_the_head_is_up_the_front_and_the_patients_right_are_on_the_left():
    """As radiologists look at images: an aorta on the patient's left, in front, shows up and to the right."""
    picture = drawn(Trunk(noise_hu=0.0, blood_hu=1000.0).volume())["axial-L1"]
    rows, columns = np.nonzero((pixels(picture) > 235).all(axis=-1))
    beside_letters = np.abs(columns - picture.width_px / 2) < 0.4 * picture.width_px
    vessel = (rows < picture.height_px / 3) & beside_letters

    assert vessel.sum() > 100
    assert columns[vessel].mean() - picture.width_px / 2 == pytest.approx(12 / picture.pixel_mm, abs=2)


def test_upper_levels_are_drawn_above_lower_ones():
    """The region of L1 stands above that of L2 in both reformats."""
    for name in ("sagittal", "coronal"):
        upper, lower = (where(drawn(used=(level,))[name], REGION)[:, 0].mean() for level in (L1, L2))
        assert lower - upper == pytest.approx(35, abs=1.5)


def test_bodies_that_were_used_are_drawn_whole_and_others_dotted():
    """The outline of L3, which was not used, has gaps."""
    solid = where(drawn(used=(L1, L2, L3))["coronal"], BODY)
    dotted = where(drawn(used=())["coronal"], BODY)

    assert 0.4 < len(dotted) / len(solid) < 0.8


def test_the_spine_is_followed_where_it_bends():
    """Bodies that stand ever further to the side are all cut through their middles."""
    volume, spine = TRUNK.volume(), TRUNK.spine()
    leaning = [
        moved_lps(volume, replace(spine, bodies=(body,)), (7.0 * place, 0, 0))[1].bodies[0]
        for place, body in enumerate(spine.bodies)
    ]

    straight, bent = (
        where(drawn(volume, spine=replace(spine, bodies=tuple(bodies)))["sagittal"], BODY)
        for bodies in (spine.bodies, leaning)
    )

    assert len(bent) == pytest.approx(len(straight), rel=0.02)


def test_a_report_of_a_long_spine_stays_small():
    """At most 560 rows, and all pictures together far below 600 kB."""
    noisy = Trunk(noise_hu=60.0)
    pictures = drawn(noisy.volume(), used=(L1, L2, L3))

    assert all(each.height_px <= 561 for each in pictures.values())
    assert sum(len(each.png) for each in pictures.values()) < 400_000


def test_nothing_is_drawn_without_a_body():
    """There is no place to look at."""
    assert SpineIllustrator().draw(MeasuredCt(TRUNK.volume(), Spine((), 0.0), {}), USED) == ()


def test_a_png_carries_no_text():
    """No patient data, no dates: pixels and palette alone."""
    for picture in drawn().values():
        assert Image.open(io.BytesIO(picture.png)).info.keys() <= {"transparency"}


def test_a_picture_is_a_png_with_a_size():
    """Anything else is refused."""
    with pytest.raises(ValueError, match="PNG"):
        Picture("sagittal", b"GIF89a", 2, 2, 0.5)
    with pytest.raises(ValueError, match="PNG"):
        Picture("sagittal", b"\x89PNG", 0, 2, 0.5)
