import numpy as np
import pytest

from models.digital_patient.grid import Canvas, ScanGrid, shell_share
from models.digital_patient.structures import Structure

GRID = ScanGrid((40, 40, 60), (1.0, 1.0, 1.0), (-30.0, -20.0, -20.0))


def test_the_affine_agrees_with_the_axes():
    """Index times affine is the place that the axes give."""
    grid = ScanGrid((5, 6, 7), (3.0, 2.0, 1.0), (10.0, 20.0, 30.0))
    x, y, z, _ = grid.affine_lps @ [4, 5, 6, 1]

    assert (x, y, z) == (grid.along(2)[6], grid.along(1)[5], grid.along(0)[4])


def test_refined_slices_fill_the_same_extent():
    """Three thin slices lie in each thick one, centred on it."""
    grid = ScanGrid((4, 2, 2), (3.0, 1.0, 1.0), (0.0, 0.0, 100.0))

    assert grid.refined(3).along(0).reshape(4, 3).mean(axis=1) == pytest.approx(grid.along(0))


def test_a_box_outside_the_grid_is_empty():
    """What lies beyond the field of view is not painted and does not fail."""
    canvas = Canvas.empty(GRID)
    canvas.bone_tube(np.array([[500.0, 0, 0], [520.0, 0, 0]]), 5.0, Structure.RIB, shell_mm=1.0)

    assert not canvas.structures.any()


def test_overlapping_tubes_make_one_bone():
    """No compact bone remains inside where two tubes cross."""
    canvas = Canvas.empty(GRID)
    one, other = (np.array([[-15.0, y, 0], [15.0, -y, 0]]) for y in (6.0, -6.0))
    canvas.bone([(one, 9.0), (other, 9.0)], Structure.SACRUM, shell_mm=1.0)
    x, y, z = canvas.places((slice(None), slice(None), slice(None)))

    assert canvas.cortex[np.hypot(np.hypot(x, y), z) < 7].max() == 0
    assert canvas.cortex.max() > 0.9


def test_a_thin_shell_keeps_its_amount():
    """However a surface falls between voxels, they hold as much compact bone as the shell is thick."""
    for start in np.linspace(-0.5, 0.5, 7):
        depths = np.arange(-5, 6) * 1.5 + start

        assert shell_share(depths, 0.7, 1.5).sum() * 1.5 == pytest.approx(0.7)
