from dataclasses import replace

import pytest

from cds.bone.anatomy import VertebralLevel
from tests.benchmarks.calibration.draw import draw_case
from tests.benchmarks.calibration.observation import LevelReading
from tests.benchmarks.calibration.record import BOTH, levels_band

CASE = draw_case(1, "documented")


@pytest.mark.parametrize(
    ("levels", "band"),
    [
        ("L1 L2", BOTH),
        ("T12 L1", "2: L1 or L2, perhaps with a neighbour"),
        ("L2 L3", "2: L1 or L2, perhaps with a neighbour"),
        ("L1", "2: L1 or L2, perhaps with a neighbour"),
        ("T12", "3: T12 or L3"),
        ("T12 L3", "3: T12 or L3"),
        ("T10 T11", "4: T7 to T11"),
        ("", "5: none"),
    ],
)
def test_a_patient_belongs_to_the_levels_that_made_the_result(levels, band):
    """Whoever has both L1 and L2 is apart: the truth is their mean."""
    readings = tuple(LevelReading(VertebralLevel(name), 150.0, 1.0) for name in levels.split())

    assert levels_band(replace(CASE, observation=replace(CASE.observation, levels=readings))) == band
