import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.body_frame import frame_of
from cds.bone.hu_lines import largest_fall
from cds.bone.outline_edges import _missing, outline_edges
from cds.bone.outline_gates import OUTLINE_GATES
from cds.ct.volume import CtVolume
from tests.bone.phantom import BODY_HALF_MM, L1, L2, T12, Trunk, a_body, flipped, with_axes

CRANIAL = (0.0, 0.0, 1.0)
WALL_HU, ENDPLATE_HU = (OUTLINE_GATES[name].accepted[0] for name in ("wall", "endplate"))
THREE = Trunk(
    bone_hu={T12: 40, L1: 40, L2: 40}, spacing_mm=(2.0, 1.0, 1.0), extent_mm=(100.0, 120.0, 120.0), centre_mm=(0, 0, 0)
)
"""Osteoporotic: the marrow reads no more than the tissue around."""
VOLUME = THREE.volume()
FRAME = frame_of(a_body().mask, CRANIAL)
few = settings(max_examples=10, deadline=None)


def edges(volume=VOLUME, off_mm=(0.0, 0.0, 0.0)):
    """The edges of L1's outline, put off by so much to the left, back and top."""
    affine = FRAME.affine_lps.copy()
    affine[:3, 3] += off_mm
    return outline_edges(volume, type(FRAME)(FRAME.probability, affine))


def test_an_outline_on_its_bone_has_edges_all_around():
    """Every wall and endplate falls by far more than is asked for, though the marrow is as dark as muscle."""
    found = edges()

    assert found.weakest_wall_hu > 3 * WALL_HU
    assert found.clearer_endplate_hu > 3 * ENDPLATE_HU
    assert found.missing_beyond < 0.05


@pytest.mark.parametrize(
    "off_mm", [(8, 0, 0), (-8, 0, 0), (0, -8, 0), (12, 0, 0), (45, 0, 0), (0, -48, 0), (30, -30, 9)]
)
def test_an_outline_off_its_bone_lacks_a_wall(off_mm):
    """Put off by 8 mm or more, at least one wall has no edge."""
    assert edges(off_mm=off_mm).weakest_wall_hu < WALL_HU


@few
@given(seed=st.integers(0, 1000), noise_hu=st.sampled_from([10.0, 60.0, 120.0]))
def test_noise_makes_no_edges_and_hides_none(seed, noise_hu):
    """With up to 120 HU of noise an outline on its bone keeps its edges, one in soft tissue gets none."""
    noisy = THREE.but(noise_hu=noise_hu, seed=seed).volume()

    assert edges(noisy).weakest_wall_hu > WALL_HU
    assert edges(noisy, (0.0, -48.0, 0.0)).weakest_wall_hu < WALL_HU


@pytest.mark.parametrize(
    "other", [flipped(VOLUME, 0), flipped(VOLUME, 1), flipped(VOLUME, 2), with_axes(VOLUME, (2, 0, 1))]
)
def test_storage_does_not_matter(other):
    """Flipped or permuted storage shows the same edges."""
    assert edges(other).weakest_wall_hu == pytest.approx(edges().weakest_wall_hu, abs=1e-6)
    assert edges(other).clearer_endplate_hu == pytest.approx(edges().clearer_endplate_hu, abs=1e-6)


@pytest.mark.parametrize("fill", [-1000, -1024, 0])
def test_a_body_at_the_end_of_the_data_is_seen(fill):
    """Where padding follows on an endplate, most of what lies beyond it is missing."""
    hu = VOLUME.hu.copy()
    above = VOLUME.affine_lps[2, 0] * np.arange(hu.shape[0]) + VOLUME.affine_lps[2, 3] > BODY_HALF_MM[2] + 1
    hu[above] = fill

    assert edges(CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)).missing_beyond > 0.5


def test_a_side_without_a_surface_has_no_edge():
    """Where no normal of an outline faces a side, nothing falls there and nothing is missing beyond."""
    nothing = np.empty((0, 13))

    assert (largest_fall(nothing), _missing(nothing)) == (0, 0)
