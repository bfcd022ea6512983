import itertools

import numpy as np
import pytest

from models.digital_patient.anatomy import PatientOptions, draw_anatomy, rasterise
from models.digital_patient.grid import ScanGrid
from models.digital_patient.posterior import transverse_tip
from models.digital_patient.ribs import rib_line
from models.digital_patient.structures import BODY, LEVELS, LUMBAR, THORACIC, Structure
from models.digital_patient.vertebra import endplates, local

SEEDS = range(12)


def anatomy_of(seed, **options):
    """One patient of that seed."""
    return draw_anatomy(np.random.default_rng(seed), PatientOptions(**options))


def painted(seed, *, around="L1", shape=(50, 90, 100), spacing=(2.0, 2.0, 2.0), **options):
    """A patient and the voxels around one body."""
    anatomy = anatomy_of(seed, **options)
    centre = anatomy.vertebra(around).centre
    first = centre - (np.array(shape[::-1]) - 1) / 2 * np.array(spacing[::-1])
    return anatomy, rasterise(anatomy, ScanGrid(shape, spacing, tuple(float(c) for c in first)))


@pytest.mark.parametrize("seed", SEEDS)
def test_bodies_are_as_large_as_in_living_people(seed):
    """L1 to L5 lie within the ranges of a published model of 87 lumbar spines, 10 % wider at both ends."""
    for level in LUMBAR:
        vertebra = anatomy_of(seed).vertebra(level)

        assert 23.5 * 0.9 < vertebra.height_mm < 32.4 * 1.1
        assert 39.4 * 0.9 < vertebra.width_mm < 58.8 * 1.1
        assert 29.5 * 0.9 < vertebra.depth_mm < 42.0 * 1.1


@pytest.mark.parametrize("seed", SEEDS)
def test_bodies_grow_from_t3_to_l3(seed):
    """Each body is at least as high as the one above, within one per cent, and stands below it."""
    anatomy = anatomy_of(seed)
    column = [anatomy.vertebra(level) for level in (*THORACIC[2:], "L1", "L2", "L3")]

    for upper, lower in itertools.pairwise(column):
        assert lower.height_mm > upper.height_mm * 0.99
        assert lower.centre[2] < upper.centre[2] - upper.height_mm / 2


@pytest.mark.parametrize("seed", SEEDS)
def test_the_column_curves_the_right_way(seed):
    """The thoracic column is hollow in front and the lumbar one behind."""
    anatomy = anatomy_of(seed)
    backs = {level: anatomy.vertebra(level).centre[1] for level in ("T1", "T7", "T12", "L3", "L5")}

    assert backs["T7"] > (backs["T1"] + backs["T12"]) / 2
    assert backs["L3"] < backs["L5"] or backs["L3"] < backs["T12"]


@pytest.mark.parametrize("seed", SEEDS)
def test_ribs_begin_beside_their_own_bodies(seed):
    """Heads of ribs 2 to 9 reach the disc above their body, the others the body alone; each on its own side."""
    anatomy = anatomy_of(seed)
    for rib in anatomy.ribs:
        vertebra = anatomy.vertebra(rib.level)
        left, _, up = local(vertebra, rib_line(rib, vertebra, anatomy.frame)[0])
        at_disc = up > vertebra.height_mm / 2

        assert at_disc == (2 <= rib.number <= 9)
        assert up < vertebra.height_mm / 2 + vertebra.disc_above_mm
        assert up > 0
        assert rib.side * left > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_ten_ribs_touch_their_transverse_process(seed):
    """Ribs 1 to 10 pass within a centimetre of its tip; the floating ones need not."""
    anatomy = anatomy_of(seed)
    for rib in anatomy.ribs:
        if rib.number <= 10:
            vertebra = anatomy.vertebra(rib.level)
            tip = transverse_tip(vertebra, rib.side)

            assert np.linalg.norm(rib_line(rib, vertebra, anatomy.frame) - tip, axis=1).min() < 10


@pytest.mark.parametrize(("pairs", "lowest"), [(11, "T11"), (12, "T12"), (13, "L1")])
def test_the_lowest_rib_can_be_chosen(pairs, lowest):
    """Eleven, twelve or thirteen pairs of ribs; every thoracic body above the last has one on each side."""
    ribs = anatomy_of(3, rib_pairs=pairs).ribs

    assert len(ribs) == 2 * pairs
    assert ribs[-1].level == lowest


def test_painted_ribs_carry_the_number_of_their_vertebra():
    """Rib voxels next to the body of T11 belong to T11."""
    anatomy, canvas = painted(5, around="T11")
    own = canvas.vertebra[canvas.structures == Structure.RIB]

    assert set(np.unique(own)) <= {LEVELS.index(level) + 1 for level in ("T9", "T10", "T11", "T12", "T8")}
    assert LEVELS.index("T11") + 1 in own
    assert anatomy.vertebra("T11").level == "T11"


def test_a_body_is_a_core_in_a_shell():
    """Hardly a trabecular voxel touches anything but bone of the same body."""
    _, canvas = painted(2, spacing=(1.0, 1.0, 1.0), shape=(50, 60, 70), osteophytes=False)
    core = (canvas.structures == Structure.BODY_TRABECULAR) & (canvas.vertebra == LEVELS.index("L1") + 1)
    body = np.isin(canvas.structures, BODY)

    for axis in range(3):
        for step in (-1, 1):
            assert body[np.roll(core, step, axis)].mean() > 0.98


def test_the_canal_is_open():
    """The canal runs behind the body from the top of the grid to its bottom."""
    _, canvas = painted(2)

    assert (canvas.structures == Structure.CANAL).any(axis=(1, 2)).all()


def test_the_aorta_lies_left_in_front():
    """At T8 the descending aorta is left of the middle of the body and before its rear wall."""
    for seed in SEEDS:
        anatomy, canvas = painted(seed, around="T8", shape=(3, 70, 70))
        vertebra = anatomy.vertebra("T8")
        _, row, column = np.nonzero(canvas.structures == Structure.AORTA)
        y, x = canvas.grid.along(1)[row], canvas.grid.along(2)[column]
        near = np.hypot(x - vertebra.centre[0], y - vertebra.centre[1]) < 50

        assert np.mean(x[near]) > vertebra.centre[0]
        assert np.mean(y[near]) < vertebra.centre[1] + vertebra.depth_mm / 2


def heights_of(vertebra):
    """Anterior, middle and posterior height between the endplates, mm."""
    back = np.array([-0.999, 0.0, 0.999]) * vertebra.depth_mm / 2
    return sum(endplates(vertebra, np.zeros(3), back))


@pytest.mark.parametrize(
    ("kind", "lost"),
    [
        ("wedge_fractures", (0.3, 0.225, 0.018)),
        ("biconcave_fractures", (0.06, 0.3, 0.036)),
        ("crush_fractures", (0.3, 0.3, 0.27)),
    ],
)
def test_fractures_take_height_where_their_name_says(kind, lost):
    """A wedge in front, a biconcave one in the middle, a crush everywhere; the truth gives the heights left."""
    whole, broken = anatomy_of(4).vertebra("L1"), anatomy_of(4, **{kind: {"L1": 0.3}}).vertebra("L1")

    assert 1 - heights_of(broken) / heights_of(whole) == pytest.approx(lost, abs=0.04)
    assert broken.heights_mm == pytest.approx(heights_of(broken), abs=0.3)


def test_a_wedge_bends_the_column():
    """Above a wedged T12 the bodies lean further forward, below it further back."""
    straight, bent = anatomy_of(4), anatomy_of(4, wedge_fractures={"T12": 0.4})
    lean = [[each.vertebra(level).axes[2][1] for level in ("T11", "L1")] for each in (straight, bent)]

    assert lean[1][0] < lean[0][0]
    assert lean[1][1] > lean[0][1]


@pytest.mark.parametrize(
    ("options", "structure"),
    [
        ({"cement": ("L1",)}, Structure.CEMENT),
        ({"rods": ("L1", "L2")}, Structure.METAL),
        ({"arms": "down"}, Structure.ARM_BONE),
        ({"table": True}, Structure.TABLE),
    ],
)
def test_options_appear(options, structure):
    """What is asked for is painted."""
    _, canvas = painted(1, spacing=(4.0, 4.0, 4.0), shape=(40, 110, 150), **options)

    assert (canvas.structures == structure).any()


def test_an_option_changes_nothing_else():
    """Another scoliosis leaves the trunk and the sizes of the same seed alone."""
    one, other = anatomy_of(7, scoliosis_deg=0.0), anatomy_of(7, scoliosis_deg=20.0)

    assert one.trunk == other.trunk
    assert [v.height_mm for v in one.vertebrae] == [v.height_mm for v in other.vertebrae]
    assert np.ptp([v.centre[0] for v in other.vertebrae]) > np.ptp([v.centre[0] for v in one.vertebrae]) + 10
