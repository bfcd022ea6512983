from dataclasses import replace

import numpy as np
import pytest

from cds.bone.anatomy import MaskGrid, Spine
from cds.bone.contrast import MOST_BLOOD_SD_HU, contrast_of
from cds.bone.tissue_blood import aortic_blood, noise_around_aorta
from cds.ct.volume import CtVolume
from tests.bone.phantom import AORTA_MM, Trunk, an_aorta, axes_lps

COARSE = Trunk(spacing_mm=(5.0, 3.0, 3.0), noise_hu=10.0)
VOLUME = COARSE.volume()
SPINE = COARSE.spine()


def read(volume, spine=SPINE):
    """Blood at a middle size."""
    return aortic_blood(volume, spine, 30.0)


def test_blood_is_read_within_the_aorta():
    """The median is that of the blood, away from the wall."""
    blood = read(VOLUME)

    assert blood.hu == pytest.approx(42, abs=1)
    assert blood.sd_hu == pytest.approx(10, abs=1.5)
    assert blood.count > 1000


def test_calcified_walls_do_not_count():
    """Plaques of 800 HU along the wall leave the median where it is."""
    hu = VOLUME.hu.copy()
    z, y, x = axes_lps(VOLUME.affine_lps, hu.shape)
    from_axis_mm = np.hypot(x - AORTA_MM[0], y - AORTA_MM[1]) + 0 * z
    hu[(from_axis_mm > 8.5) & (from_axis_mm < 12)] = 800
    spoiled = CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)

    assert read(spoiled).hu == pytest.approx(42, abs=1)


def test_calcified_aorta_is_still_plausible_blood():
    """Plaques within the sample, a tenth of its voxels, do not make unenhanced blood look mixed."""
    hu = VOLUME.hu.copy()
    speckled = np.random.default_rng(0).random(hu.shape) < 0.1
    hu[speckled & (hu > 0)] = 900
    blood = read(CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series))

    assert contrast_of(VOLUME.series, blood).state == "none"


def test_a_noisy_scan_still_shows_unenhanced_blood():
    """Noise of 110 HU a voxel, as in thin slices at low dose, hides neither blood nor that it is blood alone."""
    noisy = Trunk(spacing_mm=(2.5, 1.5, 1.5), noise_hu=110.0)
    volume, spine = noisy.volume(), noisy.spine()
    blood, noise_hu = read(volume, spine), noise_around_aorta(volume, spine.aorta)

    assert blood.sd_hu > MOST_BLOOD_SD_HU
    assert contrast_of(volume.series, blood, noise_hu).state == "none"


def test_blood_mixed_with_lung_is_not_explained_by_noise():
    """A sample a third of which is lung scatters by far more than uniform tissue does."""
    hu = VOLUME.hu.copy()
    z, y, x = axes_lps(VOLUME.affine_lps, hu.shape)
    hu[(x - AORTA_MM[0] > 3) & (np.hypot(x - AORTA_MM[0], y - AORTA_MM[1]) + 0 * z < 12)] = -850
    mixed = CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)

    assert contrast_of(mixed.series, read(mixed), noise_around_aorta(mixed, SPINE.aorta)).state == "unknown"


@pytest.mark.parametrize(
    "spine",
    [
        replace(SPINE, aorta=None),
        replace(SPINE, aorta=MaskGrid(np.zeros((5, 5, 5), np.float32), np.eye(4))),
        replace(SPINE, aorta=an_aorta(z_mm=(300.0, 400.0))),
        replace(SPINE, aorta=MaskGrid(np.ones((4, 4, 4), np.float32), np.eye(4) * [2, 2, 2, 1])),
    ],
    ids=["no aorta", "empty aorta", "aorta outside the scan", "a sliver"],
)
def test_without_enough_aorta_there_is_no_sample(spine: Spine):
    """A sample that cannot be had is None, never a guess."""
    assert read(VOLUME, spine) is None


def test_the_standard_error_is_that_of_repeated_scans():
    """Over 20 noises the median scatters as it says, within a factor of two: neighbours here are independent."""
    found = [read(COARSE.but(seed=seed, noise_hu=40.0).volume()) for seed in range(20)]
    scatter = np.std([each.hu for each in found], ddof=1)

    assert 0.5 < found[0].sem_hu / scatter < 2
