import numpy as np
import pytest

from models.digital_patient.attenuation import beam, modes_of
from models.digital_patient.composition import CONSTITUENTS, solution
from models.hu_calibration.slope_table import SlopeTable

UNENHANCED = [name for name in CONSTITUENTS if name not in ("iodine", "titanium")]


@pytest.mark.parametrize(("names", "modes"), [(UNENHANCED, 2), ([*UNENHANCED, "iodine"], 3)])
@pytest.mark.parametrize("kvp", [80.0, 120.0, 140.0])
def test_few_functions_are_enough(names, modes, kvp):
    """Two describe an unenhanced patient and three one with iodine, to 0.3 HU behind 30 cm of water."""
    tube = beam(kvp, "standard")
    found = modes_of(names, tube)
    seen = tube.behind_water(np.array([30.0]))[0]

    assert len(found.functions) == modes
    for name in names:
        exact = seen @ tube.mass_attenuation[name]
        assert seen @ (found.shares[name] @ found.functions) == pytest.approx(exact, rel=3e-4)


def test_a_harder_beam_makes_less_of_mineral():
    """Filtration and water in the way lower the HU of a solution, as the tables say."""
    table = SlopeTable.load()
    for filtration in ("light", "standard", "hard"):
        for path in (20.0, 35.0):
            slope = beam(120.0, filtration).hu(solution(1.0), path)
            assert slope == pytest.approx(table.slope_hu_per_mg_cm3(120, path, filtration), rel=0.003)


def test_water_reads_nothing():
    """By definition."""
    assert beam(100.0, "standard").hu({"water": 1.0}, 25.0) == pytest.approx(0)
