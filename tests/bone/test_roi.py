from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label

from cds.bone.anatomy import CRANIAL, MaskGrid
from cds.bone.body_axes import BodyAxes
from cds.bone.body_frame import frame_of
from cds.bone.outlined_body import OutlinedBody, outlined_body
from cds.bone.roi import TrabecularRoi, trabecular_roi
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from tests.bone.phantom import (
    L1,
    a_body,
    a_lone_body,
    a_series,
    flipped,
    grid_affine,
    padded,
    signed_depth_mm,
    with_axes,
    with_hu,
)

few = settings(max_examples=12, deadline=None)


def region_of(volume, body=None, *, cranial=CRANIAL, **facts):
    """The region of an outlined body, or why there is none."""
    outline = outlined_body(volume, body or a_body(), BodyAxes(cranial))
    return trabecular_roi(volume, outline, **facts) if isinstance(outline, OutlinedBody) else outline


def measured(volume, body=None, **facts):
    """The region, which must exist."""
    roi = region_of(volume, body, **facts)
    assert isinstance(roi, TrabecularRoi), roi.reasons
    return roi


def refused(volume, body=None, **facts):
    """The code of the refusal, which must exist."""
    found = region_of(volume, body, **facts)
    assert isinstance(found, NotAssessable), found
    return found.reasons[0].code


@few
@given(st.integers(-50, 280))
def test_a_uniform_body_reads_its_value(value):
    """Without noise the region reads exactly the trabecular value, from fat to dense bone."""
    roi = measured(a_lone_body(value, noise_hu=0).volume())

    assert roi.hu == value
    assert roi.hu_sem == 0


@pytest.mark.parametrize("seed", range(3))
def test_noise_moves_the_mean_by_its_standard_error(seed):
    """With 40 HU of noise the mean lies within four standard errors of the truth."""
    roi = measured(a_lone_body(100, noise_hu=40, seed=seed).volume())

    assert abs(roi.hu - 100) < 4 * roi.hu_sem
    assert roi.hu_sd == pytest.approx(40, rel=0.1)


def test_the_region_lies_where_it_should():
    """Its centre is near the body's, a little in front for the vein; volume and slices are plausible."""
    roi = measured(a_lone_body().volume())

    assert roi.centre_lps_mm == pytest.approx((0, -1, 0), abs=2.0)
    assert 5 < roi.roi_cm3 < 9
    assert roi.slice_count in {6, 7}
    assert roi.level == L1
    assert roi.flags == ()


BASE = a_lone_body(120, noise_hu=25).volume()
SAME = {
    "flipped slices": flipped(BASE, 0),
    "flipped rows": flipped(BASE, 1),
    "flipped columns": flipped(BASE, 2),
    "padded": padded(BASE, (3, 0, 7), (0, 4, 2), value=30),
    "rows and columns exchanged": with_axes(BASE, (0, 2, 1)),
}


@pytest.mark.parametrize("volume", SAME.values(), ids=SAME.keys())
def test_storage_order_does_not_matter(volume):
    """Flipped, padded or with rows and columns exchanged, the same voxels are measured."""
    expected, found = measured(BASE), measured(volume)

    assert found.hu == pytest.approx(expected.hu, abs=0.2)
    assert found.roi_cm3 == pytest.approx(expected.roi_cm3, rel=0.01)
    assert found.centre_lps_mm == pytest.approx(expected.centre_lps_mm, abs=0.1)


@few
@given(st.tuples(st.floats(-400, 400), st.floats(-400, 400), st.floats(-2000, 2000)))
def test_the_place_in_the_scanner_does_not_matter(shift_mm):
    """Moved in patient space, volume and mask together, the region reads the same."""
    affine = BASE.affine_lps.copy()
    affine[:3, 3] += shift_mm
    body = a_body()
    mask_affine = body.mask.affine_lps.copy()
    mask_affine[:3, 3] += shift_mm
    found = measured(
        CtVolume(BASE.hu.copy(), affine, BASE.series), replace(body, mask=MaskGrid(body.mask.inside, mask_affine))
    )

    assert found.hu == pytest.approx(measured(BASE).hu, abs=0.3)


@few
@given(st.integers(1, 60))
def test_denser_bone_reads_higher(rise):
    """Raising every voxel raises the region's HU by as much."""
    higher = CtVolume((BASE.hu + np.int16(rise)).astype(np.int16), BASE.affine_lps.copy(), BASE.series)

    assert measured(higher).hu == pytest.approx(measured(BASE).hu + rise, abs=1e-6)


def test_the_shell_does_not_leak_in():
    """Blurred by 2 mm FWHM, an 1100 HU shell moves the region by less than 1 HU."""
    sharp = a_lone_body(100, noise_hu=0).volume()
    sigma = [2.0 / 2.355 / mm for mm in sharp.spacing_mm]
    blurred = gaussian_filter(sharp.hu.astype(np.float32), sigma)
    roi = measured(CtVolume(blurred.astype(np.int16), sharp.affine_lps.copy(), sharp.series))

    assert roi.hu == pytest.approx(100, abs=1)


def test_a_bone_island_does_not_count():
    """A dense island of 7 mm in the region leaves its reading within 3 HU."""

    def island(hu, z, y, x):
        hu[(x - 4) ** 2 + (y + 4) ** 2 + z**2 < 3.5**2] = 900

    assert measured(with_hu(BASE, island)).hu == pytest.approx(measured(BASE).hu, abs=3)


def test_a_cut_body_is_refused():
    """A body that the segmenter calls cut, or that reaches the outermost slice, is not measured."""
    body = a_body()
    grid = BASE.affine_lps.copy()
    short = CtVolume(
        BASE.hu[12:].copy(), grid @ np.array([[1, 0, 0, 12], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), BASE.series
    )

    assert refused(BASE, replace(body, cut_by_border=True)) == "level-cut"
    assert refused(short, body) == "level-cut"


@pytest.mark.parametrize(
    "body",
    [
        replace(a_body(), mask=MaskGrid(np.zeros((4, 4, 4), np.float32), np.eye(4))),
        a_body(half_mm=(6.0, 5.0, 5.0)),
        a_body(half_mm=(45.0, 16.0, 13.5)),
        a_body(half_mm=(30.0, 25.0, 1.5)),
    ],
    ids=["empty", "too small", "too wide", "a disc"],
)
def test_what_is_no_vertebral_body_is_refused(body):
    """An outline that no vertebral body has is named, not measured."""
    assert refused(BASE, body) == "level-outside-body"


def test_an_outline_in_the_lung_is_refused():
    """Where the region reads air, the outline was wrong."""
    assert refused(a_lone_body(-700, noise_hu=0).volume()) == "level-outside-body"


def test_metal_nearby_is_refused():
    """A rod of 3000 HU within 5 cm refuses the level; the same rod further away does not."""
    wide = a_lone_body(extent_mm=(64.0, 80.0, 220.0))

    def rod(at_mm):
        def draw(hu, _z, y, x):
            hu[np.broadcast_to(np.hypot(x - at_mm, y) < 3, hu.shape)] = 3000

        return draw

    assert refused(with_hu(wide.volume(), rod(40.0))) == "level-metal"
    assert measured(with_hu(wide.volume(), rod(90.0))).hu == pytest.approx(150, abs=3)


def test_metal_in_the_corner_of_the_box_is_too_far():
    """Five centimetres are a distance, not a box."""
    wide = a_lone_body(extent_mm=(64.0, 160.0, 180.0)).volume()

    def rod(hu, _z, y, x):
        hu[np.broadcast_to(np.hypot(x - 60, y - 55) < 3, hu.shape)] = 3000

    assert measured(with_hu(wide, rod)).hu == pytest.approx(150, abs=3)


def test_cement_is_refused():
    """A cluster over 800 HU of more than 0.3 cm3 in the body is cement."""

    def cement(hu, z, y, x):
        hu[(x + 5) ** 2 + (y - 2) ** 2 + z**2 < 5.5**2] = 1500

    assert refused(with_hu(BASE, cement)) == "level-metal"


def test_sclerosis_is_refused():
    """More than 20 % of the region over the limit refuses the level and says so."""

    def sclerosis(hu, _z, _y, x):
        hu[np.broadcast_to((x < -4) & (x > -19), hu.shape)] = 420

    spotted = with_hu(BASE, sclerosis)

    assert refused(spotted) == "level-sclerotic"
    assert measured(spotted, dense_hu=500).hu < 420


def test_noisy_dense_bone_is_not_sclerotic():
    """Noise alone puts a third of the voxels over the limit; bone of 260 HU is measured all the same."""
    roi = measured(a_lone_body(260, noise_hu=90).volume())

    assert roi.hu == pytest.approx(260, abs=4)


def test_noise_is_flagged_then_refused():
    """A standard error over 2.5 HU is flagged, over 4 HU refused."""
    coarse = (2.5, 2.0, 2.0)

    assert measured(a_lone_body(100, noise_hu=40, spacing_mm=coarse).volume()).flags == ()
    assert measured(a_lone_body(100, noise_hu=75, spacing_mm=coarse).volume()).flags == ("noisy",)
    assert refused(a_lone_body(100, noise_hu=150, spacing_mm=coarse).volume()) == "level-noisy"


def test_a_small_body_is_flagged_then_refused():
    """Under 3 cm3 of trabecular bone is flagged, under 1.5 cm3 refused."""
    small, tiny = (14.0, 13.0, 11.0), (13.0, 12.0, 9.0)

    assert measured(a_lone_body(half_mm=small).volume(), a_body(half_mm=small)).flags == ("roi-small",)
    assert refused(a_lone_body(half_mm=tiny).volume(), a_body(half_mm=tiny)) == "level-roi-small"


def test_a_body_without_a_core_is_refused():
    """A slab of 8 mm has nothing 5 mm below its surface."""
    assert refused(a_lone_body().volume(), a_body(half_mm=(25.0, 20.0, 4.0))) == "level-roi-small"


def test_a_small_body_uses_its_whole_height():
    """Where the middle half leaves less than 3 cm3, everything between the endplate margins counts."""
    slim = (13.0, 14.0, 16.0)
    roi = measured(a_lone_body(half_mm=slim).volume(), a_body(half_mm=slim))

    assert np.abs(roi.voxel_indices[:, 0] * 2.0 - 31).max() > 9


@pytest.mark.parametrize(
    ("slice_mm", "slices"), [(1.0, range(12, 16)), (3.0, range(4, 7)), (5.0, range(2, 5))], ids=["1 mm", "3 mm", "5 mm"]
)
def test_slices_up_to_5_mm_are_measured(slice_mm, slices):
    """At 5 mm two slices through the region are enough; at up to 3 mm four are needed."""
    roi = measured(a_lone_body(100, noise_hu=20, spacing_mm=(slice_mm, 1.0, 1.0)).volume())

    assert roi.slice_count in slices
    assert roi.hu == pytest.approx(100, abs=3)


def test_too_few_slices_are_refused():
    """A flat body crossed by two slices of 2.5 mm is not measured."""
    flat = (30.0, 25.0, 7.5)
    volume = a_lone_body(100, half_mm=flat, noise_hu=20, spacing_mm=(2.5, 1.0, 1.0)).volume()

    assert refused(volume, a_body(half_mm=flat)) == "level-too-few-slices"


def test_height_is_read_in_thin_slices_only():
    """Up to 3 mm the loss of height is stated; beyond nothing is."""
    thin = measured(a_lone_body(100, spacing_mm=(3.0, 1.0, 1.0)).volume())
    thick = measured(a_lone_body(100, spacing_mm=(2.5, 1.0, 1.0), series=a_series(slice_thickness_mm=5.0)).volume())

    assert thin.height_loss_percent == pytest.approx(0, abs=3)
    assert thick.height_loss_percent is None


def beside(x_mm):
    """Dense blood left of the body, from x on."""
    shape = (32, 40, 10)
    return MaskGrid(np.ones(shape, np.float32), grid_affine((2.0, 2.0, 2.0), shape, (x_mm + 10.0, 0.0, 0.0)))


def test_dense_blood_is_kept_away():
    """Voxels within 10 mm of dense blood are left out where that leaves enough."""
    roi = measured(BASE, keep_out=beside(16.0))
    left_most = (roi.voxel_indices[:, 2] + 0.5).max() - 40

    assert roi.flags == ()
    assert left_most < 7.1
    assert roi.roi_cm3 < measured(BASE).roi_cm3


def test_dense_blood_without_a_way_round_is_flagged():
    """Where leaving out would leave too little, the whole region is kept with the flag streak."""
    roi = measured(BASE, keep_out=beside(2.0))

    assert roi.flags == ("streak",)
    assert roi.roi_cm3 == measured(BASE).roi_cm3


def test_blood_far_from_a_small_body_leaves_no_flag():
    """Where nothing needs to be left out, a small region is small, not streaked."""
    small = (14.0, 13.0, 11.0)
    roi = measured(a_lone_body(half_mm=small).volume(), a_body(half_mm=small), keep_out=beside(35.0))

    assert roi.flags == ("roi-small",)


def test_dense_blood_may_be_avoided_by_using_the_whole_height():
    """The whole height replaces the middle half where that leaves enough beside the blood."""
    tall = (16.0, 14.0, 18.0)
    volume, body = a_lone_body(half_mm=tall, extent_mm=(72.0, 80.0, 80.0)).volume(), a_body(half_mm=tall)
    middle, whole = measured(volume, body), measured(volume, body, keep_out=beside(10.0))

    assert whole.flags == ()
    assert whole.slice_count > middle.slice_count


def test_the_region_is_one_piece():
    """Where an outline runs on through a pedicle, what is deep enough behind it is not measured."""

    def with_a_root(x, y, z):
        pedicle = np.minimum(4.0 - np.hypot(x - 14.0, z - 6.0), np.minimum(y, 32.0 - y))
        behind = 12.0 - np.sqrt((x - 14.0) ** 2 + (y - 32.0) ** 2 + (z - 6.0) ** 2)
        return np.maximum(signed_depth_mm(x, y, z), np.maximum(pedicle, behind))

    frame = frame_of(a_body(shape_mm=with_a_root, half_mm=(26.0, 46.0, 18.0)).mask, CRANIAL)
    thin = a_lone_body(120, noise_hu=25, spacing_mm=(1.0, 1.0, 1.0)).volume()
    roi = trabecular_roi(thin, replace(outlined_body(thin, a_body()), frame=frame))
    start = roi.voxel_indices.min(axis=0)
    box = np.zeros(tuple(roi.voxel_indices.max(axis=0) - start + 1), bool)
    box[tuple((roi.voxel_indices - start).T)] = True

    assert label(box)[1] == 1
    assert roi.hu == pytest.approx(measured(thin).hu, abs=2)


def test_coarse_and_fine_masks_agree():
    """A mask on a 1 mm grid and one on a 3 mm grid give the same reading within 2 HU."""
    fine, coarse = measured(BASE, a_body(mask_mm=1.0)), measured(BASE, a_body(mask_mm=3.0))

    assert fine.hu == pytest.approx(coarse.hu, abs=2)


def test_a_tilted_body_is_measured_like_an_upright_one():
    """Tilted with its mask by 20 degrees, a body reads the same within 2 HU."""
    tilt = np.radians(20)

    def depth(x, y, z):
        return signed_depth_mm(x, y * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - y * np.sin(tilt))

    def draw(hu, z, y, x):
        inner = np.broadcast_to(depth(x, y, z), hu.shape)
        hu[:] = 30
        hu[inner > 0] = 1100
        hu[inner > 1.5] = 120

    volume = with_hu(BASE, draw)
    body = a_body(shape_mm=depth, half_mm=(22.0, 22.0, 20.0))
    roi = measured(volume, body, cranial=(0.0, -float(np.sin(tilt)), float(np.cos(tilt))))

    assert roi.hu == pytest.approx(120, abs=0.5)
