import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import MaskGrid
from cds.bone.streak_index import streak_index
from models.vertebra_segmentation.sources import read_nifti
from tests.bone.false_alarms import volume_of
from tests.bone.phantom import Trunk, flipped, muscles_beside, striped, with_axes
from tests.support.real_ct import shared_ct

CENTRE = (0.0, 0.0, 0.0)
FINE = Trunk(spacing_mm=(2.5, 1.0, 1.0), extent_mm=(60.0, 260.0, 330.0), centre_mm=(0.0, -40.0, 0.0), noise_hu=25.0)
VOLUME = FINE.volume()
MUSCLE = muscles_beside()


@settings(max_examples=8, deadline=None)
@given(st.floats(0, 120))
def test_noise_alone_is_no_streak(noise_hu):
    """However noisy, a scan without streaks has an index of at most 1.2."""
    assert streak_index(FINE.but(noise_hu=noise_hu).volume(), MUSCLE, CENTRE) <= 1.2


def test_streaks_along_the_rows_are_seen():
    """The index rises with their strength, over 2 when they are far stronger than the noise."""
    found = [streak_index(striped(VOLUME, hu), MUSCLE, CENTRE) for hu in (0, 30, 60, 120)]

    assert found == sorted(found)
    assert found[0] < 1
    assert found[-1] > 2


def test_stripes_across_the_rows_are_no_streaks():
    """Ribs and muscle bellies stand upright in the image."""
    assert streak_index(striped(VOLUME, 120, along=1), MUSCLE, CENTRE) < 1


@pytest.mark.parametrize("hu", [0, 90])
def test_storage_order_does_not_matter(hu):
    """Flipped, or with rows and columns exchanged, the same streaks run from side to side."""
    volume = striped(VOLUME, hu)
    expected = streak_index(volume, MUSCLE, CENTRE)

    for stored in (*(flipped(volume, axis) for axis in range(3)), with_axes(volume, (0, 2, 1))):
        assert streak_index(stored, MUSCLE, CENTRE) == pytest.approx(expected, rel=0.05)


def test_without_muscle_there_is_no_index():
    """A level beside which no muscle is outlined, or that lies outside the scan, is not judged."""
    empty = MaskGrid(np.zeros_like(MUSCLE.inside), MUSCLE.affine_lps)

    assert streak_index(VOLUME, empty, CENTRE) is None
    assert streak_index(VOLUME, MUSCLE, (900.0, 900.0, 0.0)) is None


def box_of_muscle(centre, *, beside_mm=(22.0, 62.0), behind_mm=(14.0, 44.0)):
    """Where the muscles of the back lie beside a vertebra, as a mask of 2 mm."""
    affine = np.array([[0, 0, 2.0, centre[0] - 80], [0, 2.0, 0, centre[1]], [2.0, 0, 0, centre[2] - 20], [0, 0, 0, 1]])
    inside = np.zeros((21, 40, 81), np.float32)
    x = np.abs(np.arange(81) * 2.0 - 80)
    y = np.arange(40) * 2.0
    inside[:, (y >= behind_mm[0]) & (y <= behind_mm[1])] = ((x >= beside_mm[0]) & (x <= beside_mm[1])).astype(
        np.float32
    )
    return MaskGrid(inside, affine)


@pytest.mark.parametrize(
    ("name", "centre", "streaky"),
    [
        ("lung4d_113", (-2.0, 158.0, -1081.0), True),
        ("lung4d_113", (6.0, 171.0, -1005.0), True),
        ("lidc_0314", (-9.0, 221.0, -639.0), False),
        ("lidc_0314", (-8.0, 214.0, -667.0), False),
        ("ts_example", (6.0, -133.0, 352.0), False),
    ],
)
def test_real_scans(name, centre, streaky):
    """Beside rods streaks are seen; in a low-dose chest and a trunk without metal none are."""
    scan = read_nifti(shared_ct(name) / "ct.nii.gz")
    volume = volume_of(scan.values, scan.affine_lps)

    assert (streak_index(volume, box_of_muscle(centre), centre) > 2) is streaky
