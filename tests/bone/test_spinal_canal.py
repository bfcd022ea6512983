import numpy as np
import pytest

from cds.bone.anatomy import CRANIAL, MaskGrid
from cds.bone.spinal_canal import LEAST_CM3, canal_of
from tests.bone.phantom import CANAL_Y_MM, a_canal

CANAL = canal_of(a_canal())
ORIGIN = (0.0, 0.0, 0.0)


def test_the_canal_lies_beside_a_body():
    """Its middle is found at the height of the body, within half a millimetre."""
    assert CANAL.beside((0.0, 0.0, 30.0), CRANIAL) == pytest.approx((0, CANAL_Y_MM, 30), abs=0.5)


@pytest.mark.parametrize("far", [(0.0, 0.0, 400.0), (0.0, -90.0, 0.0), (90.0, 0.0, 0.0)])
def test_no_canal_is_seen_where_there_is_none(far):
    """Beyond its ends, and far beside it, nothing lies beside a body."""
    assert CANAL.beside(far, CRANIAL) is None


def test_too_little_is_no_canal():
    """A few voxels of the map are not a canal."""
    mask = np.zeros((9, 9, 9), np.float32)
    voxels = round(LEAST_CM3 * 1000 / 64) - 1
    mask[4, 4, :voxels] = 1.0
    few = canal_of(MaskGrid(mask, np.diag([4.0, 4.0, 4.0, 1.0])))

    assert few.beside((16.0, 16.0, 16.0), CRANIAL) is None


def test_an_empty_mask_has_no_canal():
    """What was looked for in vain is nowhere."""
    nothing = canal_of(MaskGrid(np.zeros((1, 1, 1), np.float32), np.eye(4)))

    assert nothing.beside(ORIGIN, CRANIAL) is None
    assert nothing.course(ORIGIN, CRANIAL) is None


@pytest.mark.parametrize("lean_deg", [-25, 0, 25])
def test_the_course_follows_the_canal(lean_deg):
    """A canal that leans backwards or forwards is followed within a degree."""
    lean = np.radians(lean_deg)
    mask = a_canal()
    turn = np.array([[1, 0, 0], [0, np.cos(lean), np.sin(lean)], [0, -np.sin(lean), np.cos(lean)]])
    affine = mask.affine_lps.copy()
    affine[:3] = turn @ affine[:3]
    course = canal_of(MaskGrid(mask.inside, affine)).course(ORIGIN, CRANIAL)

    assert course == pytest.approx((0, np.sin(lean), np.cos(lean)), abs=0.02)


def test_a_short_piece_has_no_course():
    """Less than 3 cm of canal does not tell how it runs."""
    short = canal_of(a_canal(z_mm=(-12.0, 12.0)))

    assert short.course(ORIGIN, CRANIAL) is None
    assert short.beside(ORIGIN, CRANIAL) is not None
