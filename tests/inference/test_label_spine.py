import itertools

import numpy as np
import pytest

from cds.bone.anatomy import VertebralLevel
from cds.ct.volume import CtVolume
from cds.errors import SegmenterFailed
from cds.inference.label_bodies import labelled_bodies
from cds.inference.label_map import LabelMap
from cds.inference.label_names import structures_of
from cds.inference.label_spine import spine_of
from models.vertebra_segmentation.grid import canonical
from tests.bone.phantom import a_series
from tests.inference.label_builder import DEPTH, HEIGHT, SPACING_MM, WIDTH, a_grid, a_spine, scan_of

LEVELS = ("T12", "L1", "L2", "L3", "L4", "L5")


def the_spine(label_map, **options):
    """The anatomy of a label map, and a scan on its grid."""
    return spine_of(label_map, structures_of(label_map.names), scan_of(label_map), **options)


def volume_ml(mask):
    """Within the surface."""
    return float((mask.inside >= 0.5).sum() * abs(np.linalg.det(mask.affine_lps[:3, :3])) / 1000)


def test_bodies_are_where_their_labels_are():
    """Level, centre and volume of each labelled body, cranial to caudal."""
    spine = the_spine(a_spine(LEVELS))

    assert [body.level for body in spine.bodies] == list(LEVELS)
    for place, body in enumerate(spine.bodies):
        assert body.centre_lps_mm[2] == pytest.approx(-200 + (150 - 20 * place - HEIGHT / 2 - 0.5) * SPACING_MM)
        assert volume_ml(body.mask) == pytest.approx(HEIGHT * DEPTH * WIDTH * SPACING_MM**3 / 1000)
        assert not body.cut_by_border


def test_posterior_elements_come_off():
    """A whole vertebra gives nearly the body alone, its centre within a millimetre or two."""
    bodies, whole = (the_spine(a_spine(LEVELS, whole=kind)) for kind in (False, True))

    for body, of_whole in zip(bodies.bodies, whole.bodies, strict=True):
        assert of_whole.centre_lps_mm == pytest.approx(body.centre_lps_mm, abs=1.5)
        assert volume_ml(of_whole.mask) == pytest.approx(volume_ml(body.mask), rel=0.12)


def test_landmarks_give_confidence():
    """Ribs that end at T12 and a sacrum under L5 anchor the names; each alone does; none does not."""
    values = [
        the_spine(a_spine(LEVELS, ribs_down_to=ribs, sacrum=sacrum)).numbering_confidence
        for ribs, sacrum in itertools.product((None, "T12"), (False, True))
    ]

    assert values[0] < 0.6 <= values[1] == values[2] < values[3]


@pytest.mark.parametrize("shift", [-1, 1])
def test_names_shifted_by_one_are_doubted(shift):
    """The same anatomy under the neighbours' names: the landmarks are elsewhere."""
    named = ("T11", "T12", "L1", "L2", "L3", "L4", "L5", "L6")
    chosen = named[1 + shift : 7 + shift]
    spine = the_spine(a_spine(chosen, ribs_down_to=chosen[0], sacrum=True))

    assert spine.numbering_confidence < 0.6


def test_only_levels_asked_for_are_given():
    """Names are judged on the whole row, whatever was asked for."""
    label_map = a_spine(LEVELS, ribs_down_to="T12")
    spine = the_spine(label_map, levels=[VertebralLevel.L1, VertebralLevel.T7])

    assert [body.level for body in spine.bodies] == ["L1"]
    assert spine.numbering_confidence == the_spine(label_map).numbering_confidence


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", [(), (0,), (1, 2)])
def test_storage_order_does_not_matter(order, flips):
    """The same labels stored along other axes, other ways round, give the same anatomy."""
    usual = a_spine(("L1", "L2"))
    labels, affine = np.array(usual.image.values), usual.image.affine_lps
    for axis in flips:
        last = np.zeros(4)
        last[axis], last[3] = labels.shape[axis] - 1, 1
        affine = affine.copy()
        affine[:, 3] = affine @ last
        affine[:3, axis] *= -1
        labels = np.flip(labels, axis)
    stored = LabelMap.of(labels.transpose(order), affine[:, [*order, 3]], usual.names)
    found = spine_of(stored, structures_of(usual.names), scan_of(usual))

    for body, expected in zip(found.bodies, the_spine(usual).bodies, strict=True):
        assert (body.level, body.cut_by_border) == (expected.level, expected.cut_by_border)
        assert body.centre_lps_mm == pytest.approx(expected.centre_lps_mm)
        assert canonical(body.mask.inside, body.mask.affine_lps).values == pytest.approx(expected.mask.inside)


def test_a_body_at_the_edge_of_the_scan_is_cut():
    """A label that reaches the last slice, in the map or of a scan that ends before the map does."""
    label_map = a_spine(("L1", "L2"), top=160)
    whole = scan_of(label_map)
    shorter = CtVolume(whole.hu[:-16].copy(), whole.affine_lps.copy(), a_series())
    inner = a_spine(("L1", "L2"))

    assert [body.cut_by_border for body in the_spine(label_map).bodies] == [True, False]
    spine = spine_of(inner, structures_of(inner.names), shorter)
    assert [body.cut_by_border for body in spine.bodies] == [True, False]


def test_posterior_elements_at_the_edge_do_not_cut_a_body():
    """A spinous process that leaves the scan leaves the body whole."""
    label_map = a_spine(("L1",), whole=True, top=HEIGHT + 12)
    labels = np.array(label_map.image.values)
    labels[:12, 52:56, 46:50] = 1
    longer = LabelMap.of(labels, label_map.image.affine_lps, label_map.names)

    assert not the_spine(longer).bodies[0].cut_by_border


def test_the_largest_piece_is_the_body_and_fragments_are_none():
    """A stray piece is left out and makes the name doubtful; a label of a few voxels is no vertebra."""
    labels, affine = a_grid()
    labels[40:54, 20:40, 34:62] = 1
    labels[100:110, 20:40, 34:54] = 1
    labels[130:132, 20:24, 34:38] = 2
    spine = the_spine(LabelMap.of(labels, affine, {1: "L1_body", 2: "T12_body"}))

    assert [body.level for body in spine.bodies] == ["L1"]
    assert volume_ml(spine.bodies[0].mask) == pytest.approx(14 * 20 * 28 * SPACING_MM**3 / 1000)
    assert not spine.bodies[0].name_agrees


def test_thick_slices_are_smoothed():
    """Labels on 5 mm slices give a body of the same size and place, on a grid fine enough to measure in."""
    labels = np.zeros((30, 120, 140), np.uint8)
    labels[10:15, 40:70, 50:92] = 1
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0], affine[1, 1], affine[0, 2] = 5.0, 1.0, 1.0
    label_map = LabelMap.of(labels, affine, {1: "L1_body"})
    (body,) = labelled_bodies(label_map, structures_of(label_map.names), scan_of(label_map))

    assert body.volume_ml == pytest.approx(25 * 30 * 42 / 1000, rel=0.05)
    assert body.centre_lps_mm == pytest.approx((70.5, 54.5, 60.0), abs=0.5)
    assert np.linalg.norm(body.mask.affine_lps[:3, :3], axis=0) == pytest.approx([1.5] * 3, rel=0.05)


@pytest.mark.parametrize("spacing_mm", [(6.0, 6.0, 6.0), (5.0, 3.5, 3.5), (7.5, 1.0, 1.0)])
def test_coarse_maps_are_refused(spacing_mm):
    """Where voxels are too large to outline a body, nothing is measured, and the message says so."""
    affine = np.diag([*spacing_mm, 1.0])[:, [2, 1, 0, 3]]

    with pytest.raises(SegmenterFailed, match="too coarse"):
        LabelMap.of(np.zeros((10, 10, 10), np.uint8), affine, {})


def test_a_label_without_a_name_is_refused():
    """A value that the names do not know shows that they are those of other weights."""
    labels, affine = a_grid()
    labels[3, 3, 3] = 7

    with pytest.raises(SegmenterFailed, match="label 7 has no name"):
        LabelMap.of(labels, affine, {1: "vertebrae_L1"})


def test_an_empty_map_has_no_spine():
    """No label, no body, no tissue, no confidence."""
    labels, affine = a_grid()
    spine = the_spine(LabelMap.of(labels, affine, {1: "vertebrae_L1", 2: "aorta"}))

    assert (spine.bodies, spine.aorta, spine.numbering_confidence) == ((), None, 0.0)


def test_tissues_come_along():
    """Aorta, cord and both paraspinal muscles, each where its labels are."""
    labels, affine = a_grid()
    labels[20:60, 5:15, 40:50] = 2
    labels[20:60, 42:48, 44:52] = 3
    labels[20:60, 55:65, 20:40] = 4
    labels[20:60, 55:65, 56:76] = 5
    names = {1: "vertebrae_L1", 2: "aorta", 3: "spinal_cord", 4: "autochthon_left", 5: "autochthon_right"}
    spine = the_spine(LabelMap.of(labels, affine, names))

    for mask, voxels in ((spine.aorta, 4000), (spine.spinal_canal, 1920), (spine.paraspinal_muscle, 16000)):
        assert mask.inside.sum() == voxels
        first = np.argwhere(mask.inside)[0] @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
        assert first[2] == pytest.approx(-200 + 20 * SPACING_MM)
