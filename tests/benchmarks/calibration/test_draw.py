import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.benchmarks.calibration.draw import draw_case, draw_cohort, drawn_vbmd

KEYS = st.integers(0, 10_000)


@pytest.fixture(scope="module")
def cohort():
    """Three hundred patients at natural prevalence and eighty more below 80."""
    return draw_cohort("documented", natural=300, enriched=80)


def test_those_added_are_all_below_80(cohort):
    """Natural prevalence is about one in twelve; the others are none of it."""
    natural = np.array([case.vbmd_mg_cm3 for case in cohort if not case.enriched])
    added = np.array([case.vbmd_mg_cm3 for case in cohort if case.enriched])

    assert 0.03 < (natural < 80).mean() < 0.14
    assert natural.mean() == pytest.approx(133, abs=6)
    assert (added < 80).all()


@settings(max_examples=20, deadline=None)
@given(KEYS)
def test_a_key_is_a_patient(key):
    """The same key gives the same patient, whoever else is drawn."""
    case = draw_case(key, "documented")

    assert case == draw_case(key, "documented")
    assert case.vbmd_mg_cm3 == drawn_vbmd(key)


@settings(max_examples=20, deadline=None)
@given(KEYS)
def test_vertebrae_read_what_their_density_makes(key):
    """HU lie on the phantom's line within the errors that were drawn: level, region, noise, water."""
    case = draw_case(key, "documented")
    slope, offset = case.phantom
    read = [(each.hu - offset) / slope for each in case.observation.levels]

    assert len(read) == 2
    assert np.mean(read) == pytest.approx(case.vbmd_mg_cm3, abs=0.04 * case.vbmd_mg_cm3 + 30)


def test_patients_of_an_unknown_scanner_share_its_error():
    """A hundred each; each documented scanner serves one patient."""
    unknown = [draw_case(key, "unknown") for key in (0, 99, 100)]

    assert unknown[0].scanner == unknown[1].scanner != unknown[2].scanner
    assert draw_case(0, "documented").scanner != draw_case(1, "documented").scanner


def test_tissues_read_like_those_of_patients(cohort):
    """At 120 kVp: fat about -110, lean muscle and blood about 45, and muscle with its fat lower."""
    seen = [case.observation for case in cohort if case.observation.kvp == 120]
    means = {
        name: np.mean([getattr(each, name).hu for each in seen if getattr(each, name)]) for name in ("fat", "blood")
    }
    muscle = np.array([(each.muscle.hu, each.muscle.mean_hu) for each in seen if each.muscle]).T

    assert means["fat"] == pytest.approx(-110, abs=5)
    assert means["blood"] == pytest.approx(44, abs=5)
    assert muscle[0].mean() == pytest.approx(47, abs=4)
    assert (muscle[1] < muscle[0] + 3).all()
