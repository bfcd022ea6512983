import numpy as np
import pytest

from cds.bone.body_frame import frame_of
from cds.bone.vertebral_height import BodyHeights, heights_of
from tests.bone.phantom import BODY_HALF_MM, a_body, signed_depth_mm

CRANIAL = (0.0, 0.0, 1.0)
HEIGHT_MM = 2 * BODY_HALF_MM[2]


def wedge(loss):
    """A body whose height falls by a share from the posterior to the anterior wall."""

    def depth(x, y, z):
        half = BODY_HALF_MM[2] * (1 - loss * (BODY_HALF_MM[1] - y) / (2 * BODY_HALF_MM[1]))
        return np.minimum(signed_depth_mm(x, y, 0 * z), half - np.abs(z))

    return a_body(shape_mm=depth)


def test_a_box_has_its_height_everywhere():
    """An unharmed body shows its height in all three places and no loss."""
    heights = heights_of(frame_of(a_body().mask, CRANIAL))

    assert (heights.anterior, heights.middle, heights.posterior) == pytest.approx((HEIGHT_MM,) * 3, abs=0.6)
    assert heights.loss_percent < 2


@pytest.mark.parametrize("loss", [0.2, 0.4, 0.6])
def test_a_wedge_loses_anterior_height(loss):
    """A wedge shows the loss between the places where heights are read, within 3 percentage points."""
    heights = heights_of(frame_of(wedge(loss).mask, CRANIAL))
    read = 1 - (1 - loss * 0.8) / (1 - loss * 0.2)

    assert heights.anterior < heights.middle < heights.posterior
    assert heights.loss_percent == pytest.approx(100 * read, abs=3)


def test_a_taller_front_is_no_loss():
    """Lower lumbar bodies are taller in front; that is no fracture."""
    assert BodyHeights(anterior=30, middle=28, posterior=27).loss_percent == 0


def test_a_body_without_a_back_has_no_loss():
    """Where the posterior height is missing there is nothing to compare with."""
    assert BodyHeights(anterior=20, middle=15, posterior=0).loss_percent == 0


def test_a_body_with_a_hole_is_read_without_a_fault():
    """An outline with nothing in its middle has no middle height."""

    def ring(x, y, z):
        return np.minimum(signed_depth_mm(x, y, z), np.hypot(x, y) - 11)

    heights = heights_of(frame_of(a_body(shape_mm=ring).mask, CRANIAL))

    assert heights.middle == 0
    assert heights.loss_percent == 100


def test_a_biconcave_body_loses_middle_height():
    """The lower of anterior and middle height counts."""
    assert BodyHeights(anterior=25, middle=15, posterior=25).loss_percent == pytest.approx(40)
