from functools import cache

import pytest

from models.digital_patient.projected import Projector
from tests.benchmarks.calibration.tier_cases import CASES
from tests.benchmarks.calibration.tier_reading import read_case
from tests.benchmarks.calibration.tiers import columns_of, summary


@cache
def coarse(place):
    """A case on a grid small enough for a test."""
    case = CASES[place]
    return read_case(case, Projector(kvp=case.kvp, filtration=case.filtration, pixels=200, pixel_mm=2.5, views=180))


def test_the_twenty_cases_differ_in_what_matters():
    """Four voltages, three filtrations, abdomen and chest, thin and stout, osteoporotic and dense bone."""
    assert len({case.seed for case in CASES}) == len(CASES) == 20
    assert {case.kvp for case in CASES} == {80, 100, 120, 140}
    assert {case.filtration for case in CASES} == {"light", "standard", "hard"}
    assert {case.level for case in CASES} == {"L1", "T8"}
    assert min(case.fat_mm for case in CASES) < 8
    assert max(case.fat_mm for case in CASES) > 30
    assert min(case.vbmd_mg_cm3 for case in CASES) < 50
    assert max(case.vbmd_mg_cm3 for case in CASES) > 180


@pytest.mark.parametrize("place", [1, 13])
def test_both_tiers_agree_on_the_slope(place):
    """Table and projection lie within 5 % of each other, in the abdomen at 80 kVp and in the chest at 120."""
    line = coarse(place)

    assert line["slope_drawn"] == pytest.approx(line["slope_local"], rel=0.05)
    assert line["slope_insert"] == pytest.approx(line["slope_local"], rel=0.03)
    assert min(line["pixels"].values()) > 5


def test_a_group_is_its_own_cases():
    """Regions and voltages are told apart; a single one of a kind has its own value as mean."""
    lines = [coarse(1), coarse(13), coarse(1)]
    lines[2] = {**lines[2], "kvp": 100.0, "level": "T8"}
    padded = [*lines, {**lines[0], "kvp": 140.0, "level": "L1"}]
    figures = summary([*padded, *padded])

    assert figures["120 kVp"]["slope_percent"]["mean"] == pytest.approx(columns_of(lines[1])["slope_percent"], abs=0.01)
    assert figures["all"]["core_hu"]["from"] <= figures["L1"]["core_hu"]["from"]
