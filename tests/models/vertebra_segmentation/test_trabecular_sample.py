import numpy as np
import pytest

from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.segmenter import BodyMask
from models.vertebra_segmentation.trabecular_sample import trabecular_hu, trimmed_mean

UP = np.array([0.0, 0.0, 1.0])
ISOTROPIC = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])


def _body(inside: np.ndarray, spacing_mm: float) -> BodyMask:
    affine = ISOTROPIC.copy()
    affine[:3, :3] *= spacing_mm
    affine[:3, 3] = (spacing_mm - 1) / 2
    return BodyMask("L1", inside.astype(np.float32), affine, (0.0, 0.0, 0.0), cut_by_border=False, name_agrees=True)


def test_shell_and_vein_are_left_out() -> None:
    """Neither the bright shell nor what lies in the posterior third reaches the value."""
    scan = np.full((60, 60, 60), 40.0)
    scan[14:44, 14:46, 10:50] = 600
    scan[17:41, 17:43, 13:47] = 120
    scan[26:32, 36:43, 24:36] = -20
    inside = np.zeros((30, 30, 30))
    inside[7:22, 7:23, 5:25] = 1

    assert trabecular_hu(Image(scan, ISOTROPIC), _body(inside, 2.0), UP) == pytest.approx(120)


def test_a_thin_body_has_no_core() -> None:
    """Where nothing lies 5 mm inside, there is no value."""
    inside = np.zeros((30, 30, 30))
    inside[12:16, 7:23, 5:25] = 1

    assert trabecular_hu(Image(np.zeros((60, 60, 60)), ISOTROPIC), _body(inside, 2.0), UP) is None


def test_bone_islands_are_trimmed() -> None:
    """A few voxels far above the median do not move the mean."""
    hu = np.concatenate([np.random.default_rng(0).normal(100, 20, 2000), np.full(40, 900.0)])

    assert trimmed_mean(hu) == pytest.approx(100, abs=1.5)
