from typing import get_args

import numpy as np
import pytest

from models.digital_patient.anatomy import PatientOptions, draw_anatomy, rasterise
from models.digital_patient.grid import ScanGrid
from models.digital_patient.numbering import LUMBAR_LIKE, Lumbosacral, Variant
from models.digital_patient.posterior import transverse_tip
from models.digital_patient.ribs import rib_line
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.vertebra import local


def anatomy_of(seed=3, **options):
    """One patient of that seed."""
    return draw_anatomy(np.random.default_rng(seed), PatientOptions(**options))


def length(anatomy, number, side):
    """Length of a rib in mm, 0 where there is none."""
    for rib in anatomy.ribs:
        if (rib.number, rib.side) == (number, side):
            line = rib_line(rib, anatomy.vertebra(rib.level), anatomy.frame)
            return float(np.linalg.norm(np.diff(line, axis=0), axis=1).sum())
    return 0.0


@pytest.mark.parametrize(
    ("lumbosacral", "last"), [("usual", "L5"), ("four", "L4"), ("six", "L6"), ("lumbarised", "L6")]
)
def test_names_count_from_the_top(lumbosacral, last):
    """However many lumbar vertebrae there are, T1 to L4 keep their names and their order."""
    names = [each.level for each in anatomy_of(lumbosacral=lumbosacral).vertebrae]

    assert names[-1] == last
    assert names[3:19] == [*(f"T{number}" for number in range(1, 13)), "L1", "L2", "L3", "L4"]
    assert len(names) == 15 + LUMBAR_LIKE[lumbosacral]


@pytest.mark.parametrize(("lumbosacral", "last"), [("sacralised", "L5"), ("lumbarised", "L6")])
def test_transitional_vertebrae_are_joined_to_the_sacrum(lumbosacral, last):
    """Their disc is low and their transverse processes reach down to the wings of the sacrum."""
    free, joined = anatomy_of(lumbosacral="six"), anatomy_of(lumbosacral=lumbosacral)
    one, other = free.vertebra(last), joined.vertebra(last)

    assert other.disc_below_mm < 0.5 * one.disc_below_mm
    for side in (-1, 1):
        assert local(other, transverse_tip(other, side))[2] < -0.4 * other.height_mm
        assert local(one, transverse_tip(one, side))[2] > 0


def test_rudimentary_ribs_are_short():
    """The twelfth pair is a few centimetres long, the eleventh as ever."""
    short, usual = anatomy_of(lowest_ribs="rudimentary"), anatomy_of()

    for side in (-1, 1):
        assert 15 < length(short, 12, side) < 60
        assert length(short, 11, side) == length(usual, 11, side)


def test_a_missing_rib_is_missing_on_one_side():
    """Of the twelfth pair one is there and one is not."""
    lengths = [length(anatomy_of(lowest_ribs="one-sided"), 12, side) for side in (-1, 1)]

    assert min(lengths) == 0.0
    assert max(lengths) > 30


def test_processes_follow_the_ribs():
    """Without ribs the transverse processes of T12 are as long as lumbar ones; with ribs those of L1 are short."""

    def span(level, pairs):
        vertebra = anatomy_of(rib_pairs=pairs).vertebra(level)
        return abs(local(vertebra, transverse_tip(vertebra, 1))[0])

    assert span("T12", 11) > span("T12", 12) + 8
    assert span("L1", 13) < span("L1", 12) - 8


def test_lumbar_ribs_belong_to_l1():
    """A thirteenth pair is short and starts at the body of L1, not at the disc."""
    anatomy = anatomy_of(rib_pairs=13)
    last = [rib for rib in anatomy.ribs if rib.number == 13]

    assert {rib.level for rib in last} == {"L1"}
    assert all(15 < length(anatomy, 13, side) < 110 for side in (-1, 1))


@pytest.mark.parametrize("lumbosacral", get_args(Lumbosacral))
def test_every_variant_can_be_painted(lumbosacral):
    """Vessels, muscles and pelvis find their places, and the sacrum follows the last vertebra."""
    anatomy = anatomy_of(lumbosacral=lumbosacral)
    grid = ScanGrid((75, 40, 50), (6.0, 6.0, 6.0), (-147.0, -150.0, -320.0))
    canvas = rasterise(anatomy, grid)
    sacrum = grid.along(0)[(canvas.structures == Structure.SACRUM).any(axis=(1, 2))]
    last = anatomy.vertebrae[-1]

    assert sacrum.max() < last.centre[2] + last.height_mm
    assert sacrum.max() > last.centre[2] - 2 * last.height_mm
    assert LEVELS.index(last.level) + 1 in canvas.vertebra


def test_the_usual_skeleton_is_no_variant():
    """Twelve pairs of long ribs and five free lumbar vertebrae."""
    assert anatomy_of().variant.is_usual
    assert not Variant(rib_pairs=11).is_usual
    assert not Variant(lumbosacral="six").is_usual
