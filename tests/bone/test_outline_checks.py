from dataclasses import replace

import numpy as np
import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.body_axes import BodyAxes
from cds.bone.outline_checks import doubts_beside, doubts_of
from cds.bone.outlined_body import outlined_body
from cds.bone.vertebral_height import BodyHeights
from cds.ct.volume import CtVolume
from tests.bone.phantom import BODY_HALF_MM, CANAL_Y_MM, L1, L2, L3, T12, Trunk, a_body, crush, signed_depth_mm, wedge

AXES = BodyAxes(canal_lps_mm=(0.0, CANAL_Y_MM, 0.0))
ALONE = Trunk(bone_hu={L1: 120}, spacing_mm=(2.0, 1.0, 1.0), extent_mm=(96.0, 140.0, 140.0), centre_mm=(0, 0, 0))
VOLUME = ALONE.volume()
GIANT_MM = tuple(1.55 * mm for mm in BODY_HALF_MM)
TINY_MM = tuple(0.65 * mm for mm in BODY_HALF_MM)


def outline(volume, level=L1, axes=AXES, **facts):
    """One body as it was outlined."""
    return outlined_body(volume, a_body(level, **facts), axes)


def drawn(shape=signed_depth_mm, half_mm=BODY_HALF_MM, level=L1, axes=AXES, **facts):
    """CT and outline of a body of a shape, outlined as it is."""
    trunk = ALONE.but(shapes={L1: shape}, **facts)
    body = replace(a_body(half_mm=half_mm, shape_mm=shape), level=level)
    return trunk.volume(), outlined_body(trunk.volume(), body, axes)


def codes(volume, body, *, canal_known=True):
    """What speaks against an outline."""
    return [reason.code for reason in doubts_of(volume, body, canal_known=canal_known)]


def sized(half_mm):
    """The shape of a body of other half sides."""
    return lambda x, y, z: signed_depth_mm(x, y, z, half_mm)


def test_a_plain_body_is_not_doubted():
    """An outline on its bone, with the canal behind it."""
    assert codes(VOLUME, outline(VOLUME)) == []


@pytest.mark.parametrize("shape", [wedge(10.0, 24.0), crush(13.0), crush(19.0)], ids=["wedge", "severe crush", "crush"])
def test_a_collapsed_body_is_not_doubted(shape):
    """What a collapse changes is no error of the outline."""
    assert codes(*drawn(shape)) == []


@pytest.mark.parametrize(
    ("half_mm", "level"),
    [
        (GIANT_MM, L1),
        (TINY_MM, L1),
        ((*BODY_HALF_MM[:2], 2.4 * BODY_HALF_MM[2]), L1),
        (tuple(1.3 * mm for mm in BODY_HALF_MM), VertebralLevel.T7),
    ],
    ids=["giant", "tiny", "two bodies in one", "lumbar body taken for T7"],
)
def test_sizes_that_no_adult_has(half_mm, level):
    """Too wide, too narrow, too tall, or far too large for its level."""
    shape = sized(half_mm)

    assert "level-size" in codes(*drawn(shape, half_mm, level))


def test_a_muscle_outlined_with_the_body():
    """What leaks out on one side is seen by its want of a counterpart."""

    def leaking(x, y, z):
        muscle = np.minimum.reduce(np.broadcast_arrays(x, 48 - x, 11 - np.abs(y), 10 - np.abs(z)))
        return np.maximum(signed_depth_mm(x, y, z), muscle)

    assert "level-asymmetric" in codes(*drawn(leaking, (52.0, 20.0, 16.0)))


@pytest.mark.parametrize(
    ("canal", "code"),
    [
        ((0.0, 10.0, 0.0), "level-canal"),
        ((0.0, 41.0, 0.0), "level-canal"),
        ((24.0, 5.0, 0.0), "level-canal"),
        ((0.0, -24.0, 0.0), "level-canal"),
        (None, "level-without-canal"),
    ],
    ids=["too near", "too far", "beside", "in front", "not seen"],
)
def test_a_canal_where_none_can_be(canal, code):
    """Not straight behind at the distance of a vertebra, or nowhere."""
    axes = replace(AXES, canal_lps_mm=canal)

    assert codes(VOLUME, outline(VOLUME, axes=axes)) == [code]


def test_a_canal_that_was_not_looked_for_is_not_missed():
    """A segmenter that knows no canals loses no level by it."""
    assert codes(VOLUME, outline(VOLUME, axes=BodyAxes()), canal_known=False) == []


@pytest.mark.parametrize("off_mm", [(10.0, 0.0, 0.0), (-45.0, 0.0, 0.0), (0.0, -12.0, 0.0)])
def test_an_outline_that_floats(off_mm):
    """An outline beside its bone, or in soft tissue, lies on no edges."""
    body = a_body()
    affine = body.mask.affine_lps.copy()
    affine[:3, 3] += off_mm
    moved = replace(body, mask=replace(body.mask, affine_lps=affine))
    canal = replace(AXES, canal_lps_mm=(off_mm[0], CANAL_Y_MM + off_mm[1], 0.0))

    assert codes(VOLUME, outlined_body(VOLUME, moved, canal)) == ["level-edge"]


def test_the_shaft_of_a_long_bone_has_no_endplates():
    """A piece of a tube has walls all around and nothing above or below."""
    shaft = lambda x, y, z: signed_depth_mm(x, y, 0 * z)  # noqa: E731 (a shape, like the others)
    volume = ALONE.but(shapes={L1: shaft}).volume()

    assert codes(volume, outline(volume)) == ["level-edge"]


def test_padding_beyond_an_endplate_cuts_the_body():
    """A series padded to a common length has no body where its data end."""
    hu = VOLUME.hu.copy()
    hu[VOLUME.affine_lps[2, 0] * np.arange(hu.shape[0]) + VOLUME.affine_lps[2, 3] < -BODY_HALF_MM[2] - 1] = -1024
    padded = CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)

    assert codes(padded, outline(padded)) == ["level-cut"]


def beside(level, half_mm=BODY_HALF_MM, heights=None):
    """An outline to be held against others; its HU do not matter."""
    body = outlined_body(VOLUME, replace(a_body(half_mm=half_mm), level=level))
    return body if heights is None else replace(body, heights=heights)


ROW = [beside(T12), beside(L2), beside(L3)]


@pytest.mark.parametrize(
    "odd",
    [
        beside(L1, tuple(0.7 * mm for mm in BODY_HALF_MM)),
        beside(L1, tuple(1.35 * mm for mm in BODY_HALF_MM)),
        beside(L1, heights=BodyHeights(42.0, 41.0, 42.0)),
    ],
    ids=["narrower", "wider", "taller"],
)
def test_a_body_unlike_its_neighbours(odd):
    """A quarter narrower or wider, or half as tall again."""
    assert [reason.code for reason in doubts_beside(odd, ROW)] == ["level-uneven-outline"]


@pytest.mark.parametrize(
    "odd", [beside(L1), beside(L1, heights=BodyHeights(12.0, 12.0, 12.0))], ids=["alike", "collapsed"]
)
def test_a_body_like_its_neighbours(odd):
    """A body in proportion, collapsed or not."""
    assert doubts_beside(odd, ROW) == ()


@pytest.mark.parametrize("count", [0, 1])
def test_one_neighbour_judges_nobody(count):
    """Of two that differ, nobody can tell which is wrong."""
    assert doubts_beside(beside(L1, tuple(0.6 * mm for mm in BODY_HALF_MM)), ROW[:count]) == ()
