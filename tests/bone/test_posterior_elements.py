import numpy as np
import pytest

from cds.bone.body_frame import frame_of
from cds.bone.posterior_elements import without_posterior_elements
from cds.bone.vertebral_height import heights_of
from tests.bone.phantom import BODY_HALF_MM, CANAL_Y_MM, a_body, crush, signed_depth_mm, wedge

CRANIAL = (0.0, 0.0, 1.0)
CANAL = (0.0, CANAL_Y_MM, 0.0)
HALF_MM = (34.0, 52.0, 20.0)
"""Room for a whole vertebra."""


def pedicle(x, y, z, *, side=1, half_width_mm=4.5):
    """A bar backwards from one posterior corner of the body."""
    return np.minimum.reduce(
        np.broadcast_arrays(half_width_mm - np.abs(x - side * 14), 7 - np.abs(z - 4), y - 5, 36 - y)
    )


def arch(x, y, z):
    """Both pedicles, and the lamina that joins them behind the canal."""
    lamina = np.minimum.reduce(np.broadcast_arrays(19 - np.abs(x), 10 - np.abs(z), y - 33, 46 - y))
    return np.maximum.reduce(np.broadcast_arrays(pedicle(x, y, z), pedicle(x, y, z, side=-1), lamina))


def body_with(*parts):
    """The frame of a body outlined together with other parts of its vertebra."""

    def depth(x, y, z):
        return np.maximum.reduce(np.broadcast_arrays(signed_depth_mm(x, y, z), *(part(x, y, z) for part in parts)))

    return frame_of(a_body(shape_mm=depth, half_mm=HALF_MM).mask, CRANIAL)


PLAIN = frame_of(a_body(half_mm=HALF_MM, shape_mm=signed_depth_mm).mask, CRANIAL)


@pytest.mark.parametrize("canal", [CANAL, None], ids=["canal seen", "canal not seen"])
@pytest.mark.parametrize("parts", [(pedicle,), (arch,)], ids=["one pedicle", "whole arch"])
def test_the_body_remains(parts, canal):
    """Pedicles and arch go, the body keeps its volume within 6 % and its depth within 4 mm."""
    whole = body_with(*parts)
    body = without_posterior_elements(whole, canal)

    assert whole.volume_cm3 > 1.03 * PLAIN.volume_cm3
    assert body.volume_cm3 == pytest.approx(PLAIN.volume_cm3, rel=0.06)
    assert body.extent_mm[1] == pytest.approx(PLAIN.extent_mm[1], abs=4)


def test_the_heights_are_those_of_the_body():
    """With an arch the heights are read in the arch, without it in the body."""
    heights = heights_of(without_posterior_elements(body_with(arch), CANAL))

    assert (heights.anterior, heights.middle, heights.posterior) == pytest.approx((2 * BODY_HALF_MM[2],) * 3, abs=0.6)


@pytest.mark.parametrize("shape", [signed_depth_mm, wedge(), crush(8.0)], ids=["plain", "wedge", "crush"])
def test_a_bare_body_loses_nothing(shape):
    """However collapsed, a body without posterior elements is left as it is."""
    frame = frame_of(a_body(shape_mm=shape).mask, CRANIAL)

    assert without_posterior_elements(frame, CANAL).volume_cm3 == pytest.approx(frame.volume_cm3, rel=0.002)


def test_a_thin_outline_is_left_to_others():
    """What is too thin for any body is not emptied; its size refuses it."""
    thin = frame_of(a_body(half_mm=(4.0, 20.0, 12.0)).mask, CRANIAL)

    assert without_posterior_elements(thin, CANAL) is thin


def test_it_takes_off_what_is_there_once():
    """A second time nothing more comes off."""
    once = without_posterior_elements(body_with(arch), CANAL)

    assert without_posterior_elements(once, CANAL).volume_cm3 == pytest.approx(once.volume_cm3, rel=0.01)
