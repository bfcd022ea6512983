from types import SimpleNamespace

import numpy as np
import pytest

from cds.bone.anatomy import VertebralLevel
from tests.benchmarks.segmentation.builders import a_found
from tests.benchmarks.segmentation.measuring import volume_of
from tests.benchmarks.segmentation.robustness import compare, cuts_between, told
from tests.benchmarks.segmentation.variations import Variation

AXIAL = np.array([[0, 0, 2.0, -60], [0, 2.0, 0, -60], [2.0, 0, 0, -100], [0, 0, 0, 1.0]])
HEIGHTS = {"T12": 35, "L1": 0, "L2": -35}


def a_variation(slices=110):
    """The whole of the made-up spine, or less of it."""
    return Variation("cropped", "somewhere", volume_of(np.zeros((slices, 60, 60)), AXIAL, 2.0))


def a_result(bodies, *, levels=("L1",), vbmd=80.0):
    """What the product says."""
    assessment = SimpleNamespace(
        levels_used=tuple(VertebralLevel(level) for level in levels), vbmd_mg_cm3=vbmd, status="assessed"
    )
    spine = SimpleNamespace(numbering_confidence=0.5)
    return SimpleNamespace(bodies=tuple(bodies), assessment=assessment, spine=spine, is_ambiguous=False)


def _bodies(names=tuple(HEIGHTS), vbmd=80.0):
    return [a_found(name, z, vbmd_mg_cm3=vbmd) for name, z in zip(names, HEIGHTS.values(), strict=True)]


def test_the_same_result_differs_in_nothing():
    """No name, no body, no density."""
    row = compare(a_result(_bodies()), a_result(_bodies()), a_variation())

    assert (row["renamed"], row["lost"], row["new"]) == ([], [], [])
    assert row["expected"] == 3
    assert set(row["level_changes_mg_cm3"].values()) == {0.0}
    assert row["vbmd_change_mg_cm3"] == 0.0


def test_names_off_by_one_are_told():
    """Bodies are recognised by their place; the densities still compare body with body."""
    row = compare(a_result(_bodies()), a_result(_bodies(("T11", "T12", "L1"), vbmd=83.0)), a_variation())

    assert row["renamed"] == ["T12 as T11", "L1 as T12", "L2 as L1"]
    assert row["level_changes_mg_cm3"] == pytest.approx({"T12": 3.0, "L1": 3.0, "L2": 3.0})


def test_bodies_outside_the_cut_scan_are_not_lost():
    """Only a body that the scan still shows whole can be lost."""
    upper, *rest = _bodies()
    row = compare(a_result([upper, *rest]), a_result([rest[1]]), a_variation(slices=60))

    assert row["expected"] == 2
    assert row["lost"] == ["L1"]


def test_a_new_body_is_told():
    """One that the original does not have."""
    row = compare(a_result(_bodies()), a_result([*_bodies(), a_found("L3", -70)]), a_variation())

    assert row["new"] == ["L3"]
    assert "new L3" in told(row)


def test_cuts_lie_between_neighbours():
    """Each named after the two bodies that it parts."""
    assert cuts_between(_bodies()) == [("T12/L1", 17.5), ("L1/L2", -17.5)]
