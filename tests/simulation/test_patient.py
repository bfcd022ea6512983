from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from cds.ct.usability import refusal
from cds.simulation.patient import MANUFACTURER, SimulationRequest, patient_id, simulate_ct

DAY = date(2026, 3, 1)
COARSE = SimulationRequest(pixel_mm=4.0)


@cache
def simulated(request=COARSE, seed=2):
    """One patient in large voxels."""
    return simulate_ct(seed, request, DAY)


def test_every_sign_says_simulated():
    """Whoever meets the series sees from identifier, description, maker or image type that it is nobody's."""
    series = simulated().volume.series

    assert series.patient.patient_id == "SIM-000002"
    assert "SIMULATED" in series.series_description
    assert "SIMULATED" in series.image_type
    assert series.manufacturer == MANUFACTURER == "osteocds (simulated)"
    assert simulated().truth["simulated"] is True


def test_it_enters_by_the_front_door():
    """Nothing in its attributes is a reason to refuse it; sex and birth date fit the age in the truth."""
    series = simulated().volume.series

    assert refusal(series) is None
    assert series.age_at_scan() == series.patient_age_years == int(simulated().truth["age_years"])
    assert series.patient.sex == simulated().truth["sex"]


def test_truth_has_every_level_in_the_scan():
    """Density by level, cranial to caudal, and the mean of L1 and L2 as asked for."""
    truth = simulated(replace(COARSE, vbmd_mg_cm3=70.0)).truth

    assert truth["vbmd_l1_l2_mg_cm3"] == 70
    assert {"T7", "T12"} <= set(truth["levels"])
    assert all(level["vbmd_mg_cm3"] > 0 for level in truth["levels"].values())


def test_an_exact_scanner_is_exact():
    """Only the others are off, each with a name that a calibration file can be written for."""
    exact, unknown = (simulated(replace(COARSE, scanner=state)).truth["scanner"] for state in ("exact", "unknown"))

    assert (exact["offset_hu"], exact["slope_deviation"]) == (0, 0)
    assert unknown["slope_deviation"] != 0
    assert exact["name"] != unknown["name"]


def test_contrast_is_seen_and_said():
    """Iodine raises HU, not the truth; the agent is named as simulated."""
    plain, enhanced = simulated(), simulated(replace(COARSE, contrast="venous"))
    level = {name: each.truth["levels"]["T10"] for name, each in (("plain", plain), ("enhanced", enhanced))}

    assert enhanced.volume.series.contrast_agent == "simulated, venous phase"
    assert level["enhanced"]["core_hu"] > level["plain"]["core_hu"] + 5
    assert level["enhanced"]["vbmd_mg_cm3"] == level["plain"]["vbmd_mg_cm3"]


@pytest.mark.parametrize(("seed", "name"), [(0, "SIM-000000"), (123456, "SIM-123456")])
def test_identifiers_follow_the_seed(seed, name):
    """One patient a seed."""
    assert patient_id(seed) == name


def test_a_follow_up_is_the_same_patient_scanned_anew():
    """Same identifier, birth date, sex and bones; older, at a later date, with other noise, in the same scanner."""
    first, later = simulated(), simulated(replace(COARSE, years_later=3))
    before, after = first.volume.series, later.volume.series

    assert after.patient == before.patient
    assert after.study_date == date(2029, 3, 1)
    assert after.age_at_scan() == before.age_at_scan() + 3 == int(later.truth["age_years"])
    assert after.station_name == before.station_name
    for level in set(first.truth["levels"]) & set(later.truth["levels"]):
        assert later.truth["levels"][level]["vbmd_mg_cm3"] == first.truth["levels"][level]["vbmd_mg_cm3"]
    assert later.volume.hu.shape != first.volume.hu.shape or (later.volume.hu != first.volume.hu).mean() > 0.5


def test_another_scanner_has_another_name():
    """The exact one and those that are off alike."""
    for kind in ("exact", "unknown"):
        usual, other = (simulated(replace(COARSE, scanner=kind, other_scanner=each)) for each in (False, True))

        assert other.volume.series.station_name != usual.volume.series.station_name


def test_a_scan_ends_where_it_is_told_to():
    """The vertebra is the lowest that is whole or cut; those below are not there."""
    truth = simulated(replace(COARSE, last_level="T5")).truth

    assert "T7" not in truth["levels"]
    assert "T4" in truth["levels"]


def test_a_crushed_vertebra_is_low_and_known_to_be():
    """The truth names the fracture of that level alone; its density is as before."""
    whole, broken = (simulated(replace(COARSE, crushed=each)).truth["levels"] for each in ((), (("T12", 0.4),)))

    assert broken["T12"]["fracture"]
    assert not whole["T12"]["fracture"]
    assert broken["T11"]["fracture"] == whole["T11"]["fracture"]


def test_29_february_has_no_anniversary_in_other_years():
    """The study lies on the 28th then."""
    leap_day = simulate_ct(2, replace(COARSE, years_later=3), date(2024, 2, 29))

    assert leap_day.volume.series.study_date == date(2027, 2, 28)
