"""Mirrors cds/bone/regions.py."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.bone.measured_ct import MeasuredCt
from cds.bone.regions import MeasuredRegions, Region, regions_of
from cds.ct.volume import CtVolume
from tests.bone.phantom import a_series

L1, L2 = VertebralLevel.L1, VertebralLevel.L2
UIDS = tuple(f"1.2.3.{number}" for number in range(20))

boxes = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3)).filter(lambda box: box.any())
placed = st.tuples(
    st.sampled_from(list(VertebralLevel)),
    st.sampled_from(["vertebral-body", "trabecular-roi"]),
    st.tuples(*[st.integers(0, 500)] * 3),
    boxes,
)


def a_ct(affine, shape=(20, 24, 26), bodies=(), rois=None):
    """A CT on some grid in which these bodies were outlined and these voxels measured."""
    volume = CtVolume(np.zeros(shape, np.int16), np.asarray(affine, float), a_series(), UIDS[: shape[0]])
    return MeasuredCt(volume, Spine(tuple(bodies), 1.0), rois or {})


def a_ball(radius_mm=9.0, step_mm=1.5):
    """A body that is a ball at the origin, in a mask whose axes are turned against any CT."""
    half = int(np.ceil(radius_mm / step_mm)) + 2
    index = np.stack(np.meshgrid(*[np.arange(2 * half + 1)] * 3, indexing="ij"), -1) - half
    distance = np.linalg.norm(index * step_mm, axis=-1)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    affine = np.eye(4)
    affine[:3, :3] = turn * step_mm
    affine[:3, 3] = -turn @ np.full(3, half * step_mm)
    inside = np.clip((radius_mm - distance) / step_mm + 0.5, 0, 1).astype(np.float32)
    return VertebralBody(L1, MaskGrid(inside, affine), (0.0, 0.0, 0.0))


@st.composite
def axes_of_patients(draw):
    """Rows and columns along x and y or y and x, either way; slices from feet to head: supine, prone, decubitus."""
    along_row, along_column = draw(st.permutations([0, 1]))
    affine = np.eye(4)
    affine[:3, :3] = 0
    affine[2, 0] = 1.5
    affine[along_column, 1] = draw(st.sampled_from([-1.1, 1.1]))
    affine[along_row, 2] = draw(st.sampled_from([-0.9, 0.9]))
    affine[:3, 3] = -affine[:3, :3] @ np.array([10, 12, 13])
    return affine


def points_of(region, affine):
    """LPS of its voxels."""
    return (np.argwhere(region.inside) + region.start) @ affine[:3, :3].T + affine[:3, 3]


@given(axes_of_patients())
@settings(max_examples=8, deadline=None)
def test_a_body_lies_where_it_was_outlined_however_the_patient_lies(affine):
    """Given a ball in a mask of its own, then its voxels are those of the CT within the ball, for all orientations."""
    ct = a_ct(affine, bodies=[a_ball()])
    (region,) = regions_of(ct).regions
    index = np.stack(np.meshgrid(*map(np.arange, ct.volume.hu.shape), indexing="ij"), -1).reshape(-1, 3)
    everywhere = np.linalg.norm(index @ affine[:3, :3].T + affine[:3, 3], axis=1)

    distance = np.linalg.norm(points_of(region, affine), axis=1)
    assert distance.max() < 9.8
    assert len(distance) >= (everywhere < 8.2).sum()


def test_a_trabecular_region_is_what_was_measured():
    """Given measured voxels, then exactly those are the region, in its smallest box."""
    indices = np.array([[3, 5, 6], [4, 5, 9], [4, 7, 6]], np.int32)
    (region,) = regions_of(a_ct(np.diag([2.0, 1, 1, 1]), rois={L2: indices})).regions

    assert (region.level, region.kind, region.start, region.inside.shape) == (
        L2,
        "trabecular-roi",
        (3, 5, 6),
        (2, 3, 4),
    )
    assert (np.argwhere(region.inside) + region.start).tolist() == indices.tolist()
    assert list(region.slices()) == [3, 4]


def test_bodies_come_first_and_empty_ones_not_at_all():
    """Given a body outside the CT and regions out of order, then what has voxels is there, cranial to caudal."""
    elsewhere, affine = np.eye(4), np.eye(4)
    elsewhere[:3, 3], affine[:3, 3] = 9000, -10
    far = VertebralBody(L2, MaskGrid(np.ones((2, 2, 2), np.float32), elsewhere), (0.0, 0.0, 0.0))
    one = np.array([[1, 1, 1]], np.int32)
    found = regions_of(a_ct(affine, bodies=[far, a_ball()], rois={L2: one, L1: one}))

    assert [(each.kind, each.level) for each in found.regions] == [
        ("vertebral-body", L1),
        ("trabecular-roi", L1),
        ("trabecular-roi", L2),
    ]


@given(st.lists(placed, min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_regions_survive_being_kept(found):
    """Given any regions, then what was kept as bytes is what comes back."""
    before = MeasuredRegions(UIDS, (20, 600, 600), tuple(Region(*each) for each in found))
    after = MeasuredRegions.from_bytes(before.to_bytes())

    assert (after.sop_instance_uids, after.shape) == (before.sop_instance_uids, before.shape)
    for ours, theirs in zip(after.regions, before.regions, strict=True):
        assert (ours.level, ours.kind, ours.start) == (theirs.level, theirs.kind, theirs.start)
        np.testing.assert_array_equal(ours.inside, theirs.inside)
