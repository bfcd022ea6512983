import pytest

from cds.bone.body_frame import frame_of
from cds.bone.endplate_edges import lowest_part, weaker_endplate_hu
from cds.bone.outline_gates import OUTLINE_GATES
from cds.bone.vertebral_height import BodyHeights, heights_of
from tests.bone.phantom import L1, Trunk, a_body, crush, signed_depth_mm, wedge

CRANIAL = (0.0, 0.0, 1.0)
ALONE = Trunk(bone_hu={L1: 120}, spacing_mm=(2.0, 1.0, 1.0), extent_mm=(64.0, 90.0, 90.0), centre_mm=(0, 0, 0))


def stands_out(drawn, outlined):
    """How far the weaker endplate stands out where an outline is lowest, in a body of another shape."""
    frame = frame_of(a_body(shape_mm=outlined).mask, CRANIAL)
    return weaker_endplate_hu(ALONE.but(shapes={L1: drawn}).volume(), frame, lowest_part(heights_of(frame)))


@pytest.mark.parametrize("shape", [wedge(12.0, 25.0), crush(16.0)], ids=["wedge", "crush"])
def test_a_fractured_body_has_endplates(shape):
    """Outlined as it is, both endplates stand out by far."""
    assert stands_out(shape, shape) > 100


@pytest.mark.parametrize("outline", [wedge(8.0, 25.0), crush(14.0)], ids=["corner missed", "half missed"])
def test_an_outline_that_misses_bone_has_none(outline):
    """Through the spongy bone of a whole body runs no endplate."""
    assert OUTLINE_GATES["low-endplate"].refuses(stands_out(signed_depth_mm, outline))


@pytest.mark.parametrize(
    ("heights", "part"),
    [
        (BodyHeights(10, 20, 25), "anterior"),
        (BodyHeights(20, 10, 25), "middle"),
        (BodyHeights(20, 25, 10), "posterior"),
    ],
)
def test_the_lowest_part(heights, part):
    """Anterior, middle or posterior, by name."""
    assert lowest_part(heights) == part
