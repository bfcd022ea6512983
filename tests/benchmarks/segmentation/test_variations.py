import numpy as np
import pytest

from cds.bone.image_noise import image_noise
from tests.benchmarks.segmentation.measuring import volume_of
from tests.benchmarks.segmentation.variations import (
    SLICES_MM,
    crops,
    flips,
    half_a_voxel,
    noisier,
    other_kernels,
    resliced,
    turns,
)

SPACING_MM = (2.5, 1.0, 1.0)
BLOB_LPS = (6.0, -9.0, 20.0)


@pytest.fixture
def volume():
    """Soft tissue with one dense blob off the middle."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = SPACING_MM
    affine[:, 3] = (-40, -50, -60, 1)
    z, y, x = np.ogrid[:48, :90, :80]
    away = (z * 2.5 - 60 - BLOB_LPS[2]) ** 2 + (y - 50 - BLOB_LPS[1]) ** 2 + (x - 40 - BLOB_LPS[0]) ** 2
    return volume_of(np.where(away < 81, 540.0, 40.0), affine, 2.5)


def _centre(volume):
    """Centre of the dense voxels, LPS."""
    excess = np.clip(volume.hu.astype(float) - 40, 0, None)
    index = np.array([(excess * grid).sum() for grid in np.indices(excess.shape)]) / excess.sum()
    return volume.affine_lps[:3, :3] @ index + volume.affine_lps[:3, 3]


def _all(volume):
    cut = [("the blob", -20.0)]
    for make in (flips, turns, half_a_voxel, resliced, other_kernels):
        yield from make(volume)
    yield next(crops(volume, cut))


def test_tissue_lies_where_the_variation_says(volume):
    """In every variation the blob is found where `place_of` puts it, within a quarter of a millimetre."""
    expected = {each.name: each.place_of(tuple(_centre(volume))) for each in _all(volume)}
    found = {each.name: tuple(_centre(each.volume).tolist()) for each in _all(volume)}

    assert len(found) == 3 + 3 + 1 + len(SLICES_MM) + 2 + 1
    for name, place in expected.items():
        assert found[name] == pytest.approx(place, abs=0.25), name


def test_storing_otherwise_changes_no_voxel(volume):
    """Flips keep every HU; only the order differs."""
    for each in flips(volume):
        assert np.array_equal(np.sort(each.volume.hu, axis=None), np.sort(volume.hu, axis=None))


def test_a_turn_moves_by_ten_degrees(volume):
    """A point 100 mm from the middle of the scan moves by 17 mm, whatever the spacing."""
    middle = (volume.affine_lps @ np.array([*((np.array(volume.hu.shape) - 1) / 2), 1]))[:3]
    for each, direction in zip(turns(volume), ((1, 0, 0), (0, 1, 0), (0, 0, 1)), strict=True):
        before = middle + 100 * np.array(direction)
        moved = np.linalg.norm(np.array(each.place_of(tuple(before))) - before)

        assert moved == pytest.approx(2 * 100 * np.sin(np.deg2rad(5)), abs=1e-6), each.name


def test_each_cut_gives_both_sides(volume):
    """A scan cut at a height gives the part above and the part below, and together they are the whole."""
    above, below = crops(volume, [("T12/L1", -11.0)])

    assert above.volume.hu.shape[0] + below.volume.hu.shape[0] == volume.hu.shape[0]
    assert above.name == "ends at T12/L1"
    assert above.volume.affine_lps[2, 3] > -11


def test_a_cut_that_leaves_too_little_is_left_out(volume):
    """A handful of slices is no scan."""
    assert [each.name for each in crops(volume, [("x", 50.0)])] == ["begins at x"]


def test_slices_have_the_thickness_asked_for(volume):
    """Re-sliced volumes cover the same height; the recorded thickness never claims to be thinner than the scan."""
    for each, target in zip(resliced(volume), SLICES_MM, strict=True):
        assert each.volume.spacing_mm[0] == pytest.approx(target, rel=0.02)
        assert each.volume.hu.shape[0] * each.volume.spacing_mm[0] == pytest.approx(48 * 2.5, abs=target)
        assert each.volume.series.slice_thickness_mm == max(target, 2.5)


def test_noise_is_tripled():
    """Measured as the product measures it, the noise is three times what it was."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = 1.0
    affine[3, 3] = 1
    quiet = volume_of(np.random.default_rng(1).normal(40, 10, (9, 160, 160)), affine, 1.0)
    (loud,) = noisier(quiet, 10.0)

    assert image_noise(loud.volume, (80, 80, 4)) == pytest.approx(30, abs=2.1)


def test_kernels_blur_and_sharpen(volume):
    """A softer kernel lowers the edge of the blob, a sharper one overshoots it."""
    soft, sharp = other_kernels(volume)

    assert soft.volume.hu.std() < volume.hu.std() < sharp.volume.hu.std()
    assert sharp.volume.hu.max() > volume.hu.max()


def test_a_box_is_shown_only_whole(volume):
    """Where the scan ends within a body, the variation does not show it."""
    low, high = np.array(BLOB_LPS) - 9, np.array(BLOB_LPS) + 9
    (through, _) = crops(volume, [("x", 20.0)])
    (under, _) = crops(volume, [("x", 0.0)])

    assert not through.shows(low, high)
    assert under.shows(low, high)
