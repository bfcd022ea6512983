from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from models.digital_patient.calibration_cohort import Fixed, draw_low_dose_scan
from models.digital_patient.simulate import simulate

MANY = 1200


@cache
def scans(state="documented"):
    """Many people."""
    return tuple(draw_low_dose_scan(seed, state) for seed in range(MANY))


def test_density_and_age_are_those_of_a_check_up():
    """133 +- 38 mg/cm3 and 54.5 +- 11.5 years, fewer than half women, about one in twelve below 80."""
    vbmd = np.array([each.request.vbmd_mg_cm3 for each in scans()])
    age = np.array([each.age for each in scans()])

    assert vbmd.mean() == pytest.approx(132.6, abs=4)
    assert vbmd.std() == pytest.approx(37.7, abs=3)
    assert 0.055 < (vbmd < 80).mean() < 0.11
    assert (age.mean(), age.std()) == pytest.approx((54.5, 11.5), abs=1)
    assert 0.4 < np.mean([each.sex == "female" for each in scans()]) < 0.5


@pytest.mark.parametrize(
    ("level", "percent", "sd_mg_cm3"), [("T7", 11.6, 17), ("T10", 6.5, 15.5), ("T12", 2.5, 11), ("L3", -4.4, 8)]
)
def test_other_levels_stray_from_the_first_two_lumbar_as_published(level, percent, sd_mg_cm3):
    """Mean ratio and residual SD against the mean of L1 and L2: Budoff et al. 2012."""
    levels = [each.request.tissues.vbmd_mg_cm3 for each in scans()]
    target = np.array([each["L1"] + each["L2"] for each in levels]) / 2
    off = np.array([each[level] for each in levels]) - target * (1 + percent / 100)

    assert off.mean() == pytest.approx(0, abs=1.5)
    assert off.std() == pytest.approx(sd_mg_cm3, rel=0.1)


def test_those_added_are_all_below_80():
    """The option draws osteoporosis-range only, and each of its patients is somebody."""
    added = [draw_low_dose_scan(seed, below_80=True).request.vbmd_mg_cm3 for seed in range(100)]

    assert max(added) < 80
    assert np.ptp(added) > 20


def test_a_seed_is_one_person_on_either_kind_of_scanner():
    """Only the scanner differs between its two states; another seed is another person."""
    one, other = scans()[7], scans("unknown")[7]

    assert (one.age, one.sex, one.request.tissues) == (other.age, other.sex, other.request.tissues)
    assert one.request.patient == other.request.patient
    assert one.scanner_name != other.scanner_name
    assert draw_low_dose_scan(7) == one
    assert draw_low_dose_scan(8).request.tissues != one.request.tissues


def test_patients_of_a_scanner_share_its_error():
    """Fifteen scanners; those scanned on one differ by no more than the table's height makes."""
    by_name = {}
    for each in scans("unknown"):
        by_name.setdefault(each.scanner_name, []).append(each.request.scanner)

    assert len(by_name) == 15
    for own in by_name.values():
        assert np.ptp([each.offset_hu for each in own]) <= 2 * 1.7
        assert len({each.hardness for each in own}) == 1


def test_scanners_are_off_as_documented_or_unknown():
    """The slope of a documented scanner lies within a few per cent of the table, that of an unknown one within 20 %."""
    spread = {
        state: np.ptp([x.request.scanner.slope_deviation for x in scans(state)]) for state in ("documented", "unknown")
    }

    assert spread["documented"] < 0.04
    assert 0.1 < spread["unknown"] < 0.4


def test_low_dose_scans_are_low_dose_scans():
    """Mostly 120 kVp, slices of 1 to 3 mm, noisy, without contrast, and most reach L1."""
    voltages = Counter(each.request.scanner.kvp for each in scans())
    acquisitions = [each.request.acquisition for each in scans()]

    assert set(voltages) <= {100.0, 110.0, 120.0, 130.0, 140.0}
    assert 0.5 < voltages[120.0] / MANY < 0.8
    assert all(1 <= each.slice_interval_mm <= 3 for each in acquisitions)
    assert np.median([each.noise_sd_hu for each in acquisitions]) > 25
    assert all(each.request.contrast == "none" for each in scans())
    assert np.mean([each.request.caudal != "T12" for each in scans()]) > 0.8


def test_muscle_grows_fatty_with_age():
    """A reference that drifts with age is what a calibration must survive."""
    young, old = (
        [each.request.tissues.muscle_fat_share for each in scans() if low <= each.age < low + 15] for low in (35, 65)
    )

    assert np.mean(old) > 1.5 * np.mean(young)


def test_a_scan_can_be_made():
    """The biology that was drawn is what the simulator uses and tells."""
    drawn = draw_low_dose_scan(4, fixed=Fixed(pixel_mm=4.0))
    truth = simulate(4, drawn.request).truth

    assert truth.age == drawn.age
    assert truth.of("T12").vbmd_k2hpo4_mg_cm3 == drawn.request.tissues.vbmd_mg_cm3["T12"]


def test_what_is_fixed_is_fixed_and_nothing_else():
    """Density, voltage and contrast as asked; the person and the scanner stay."""
    free = draw_low_dose_scan(9)
    fixed = draw_low_dose_scan(9, fixed=Fixed(vbmd_mg_cm3=61.0, kvp=140.0, contrast="venous"))

    lumbar = [fixed.request.tissues.vbmd_mg_cm3[level] for level in ("L1", "L2")]
    assert np.mean(lumbar) == pytest.approx(61)
    assert fixed.request.scanner.kvp == 140
    assert fixed.request.tissues.contrast == fixed.request.contrast == "venous"
    assert fixed.request.patient == free.request.patient
    assert fixed.request.acquisition == free.request.acquisition
    assert (fixed.age, fixed.sex, fixed.scanner_name) == (free.age, free.sex, free.scanner_name)


def test_a_later_scan_is_of_the_same_person():
    """Older by the years, otherwise the same bones, tissues drawn alike, and the same scanner; set up anew."""
    first = draw_low_dose_scan(9, fixed=Fixed(vbmd_mg_cm3=90.0, kvp=120.0))
    later = draw_low_dose_scan(9, fixed=Fixed(vbmd_mg_cm3=90.0, kvp=120.0, years_later=4))

    assert later.age == first.age + 4
    assert (later.sex, later.scanner_name) == (first.sex, first.scanner_name)
    assert later.request.patient == first.request.patient
    assert later.request.tissues.vbmd_mg_cm3 == first.request.tissues.vbmd_mg_cm3
    assert later.request.position_lps_mm != first.request.position_lps_mm
    assert later.request.exposure != first.request.exposure


@pytest.mark.parametrize("seed", range(20))
def test_another_scanner_is_never_the_usual_one(seed):
    """Also for the last of them, whose next is the first."""
    usual, other = (draw_low_dose_scan(seed, fixed=Fixed(other_scanner=each)) for each in (False, True))

    assert usual.scanner_name != other.scanner_name
    assert usual.request.acquisition == other.request.acquisition


def test_where_a_scan_ends_and_what_is_crushed_change_nothing_else():
    """Neither moves any other draw."""
    free = draw_low_dose_scan(9)
    fixed = draw_low_dose_scan(9, fixed=Fixed(caudal="L4", crushed={"L1": 0.4}))

    assert fixed.request.caudal == "L4"
    assert fixed.request.patient.crush_fractures["L1"] == 0.4
    assert fixed.request.patient == replace(free.request.patient, crush_fractures=fixed.request.patient.crush_fractures)
    assert (fixed.request.tissues, fixed.request.scanner) == (free.request.tissues, free.request.scanner)
