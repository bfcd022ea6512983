from collections import Counter
from functools import cache

import numpy as np
import pytest

from models.digital_patient.cohort import draw_request
from models.digital_patient.cohort_findings import FREQUENCY
from models.digital_patient.simulate import simulate
from models.digital_patient.structures import LEVELS

MANY = 1500


@cache
def requests():
    """Many patients at training resolution."""
    return tuple(draw_request(seed, pixel_mm=2.0) for seed in range(MANY))


def fractures_of(patient):
    """All three kinds."""
    return patient.wedge_fractures, patient.biconcave_fractures, patient.crush_fractures


def test_a_seed_is_one_request():
    """The same seed asks for the same scan, another seed for another."""
    assert draw_request(11) == draw_request(11)
    assert draw_request(11) != draw_request(12)


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        ("fractures", lambda request: any(fractures_of(request.patient))),
        ("rods and screws", lambda request: bool(request.patient.rods)),
        ("cement", lambda request: bool(request.patient.cement)),
        ("eleven pairs of ribs", lambda request: request.patient.rib_pairs == 11),
        ("thirteen pairs of ribs", lambda request: request.patient.rib_pairs == 13),
        ("rudimentary last ribs", lambda request: request.patient.lowest_ribs == "rudimentary"),
        ("one last rib missing", lambda request: request.patient.lowest_ribs == "one-sided"),
        ("four lumbar vertebrae", lambda request: request.patient.lumbosacral == "four"),
        ("six lumbar vertebrae", lambda request: request.patient.lumbosacral == "six"),
        ("sacralised", lambda request: request.patient.lumbosacral == "sacralised"),
        ("lumbarised", lambda request: request.patient.lumbosacral == "lumbarised"),
        ("lesions", lambda request: bool(request.patient.lesions)),
        ("Schmorl nodes", lambda request: bool(request.patient.nodes)),
        ("bridges in front", lambda request: bool(request.patient.bridged)),
        ("turned on the table", lambda request: any(request.patient.turn_deg)),
        ("emphysema", lambda request: request.patient.soft.lung == "emphysema"),
        ("pleural effusion", lambda request: max(request.patient.soft.effusion_mm) > 0),
        ("pacemaker", lambda request: request.patient.soft.pacemaker),
        ("severe obesity", lambda request: request.patient.fat_mm >= 50),
        ("arms down", lambda request: request.patient.arms == "down"),
        ("density chosen evenly from 20 to 220", lambda request: request.vbmd_mg_cm3 is not None),
    ],
)
def test_rare_things_are_as_rare_as_the_table_says(what, seen):
    """The share among many patients lies within three standard errors of the table."""
    share = np.mean([seen(request) for request in requests()])

    assert share == pytest.approx(FREQUENCY[what], abs=3 * np.sqrt(FREQUENCY[what] / MANY))


def test_scans_begin_and_end_in_many_places():
    """From every thoracic level downwards, to every level from T10, and many cut the outer bodies."""
    ends = Counter(request.caudal for request in requests())

    assert set(LEVELS[LEVELS.index("T10") :]) <= set(ends)
    assert {"C7", "T1", "T9"} <= {request.cranial for request in requests()}
    assert 0.2 < np.mean([request.margin_below_mm < 0 for request in requests()]) < 0.6


def test_fields_of_view_are_those_of_trunks_and_spines():
    """Trunks are reconstructed at 300 to 500 mm, spines at 120 to 200 mm."""
    for request in requests():
        low, high = (118, 202) if request.aim == "spine" else (298, 502)

        assert low <= request.acquisition.field_of_view_mm <= high


def test_slices_run_from_one_to_five_millimetres():
    """Intervals at full resolution, some of them overlapping."""
    full = [draw_request(seed).acquisition for seed in range(300)]

    assert {each.slice_interval_mm for each in full} >= {1.0, 2.5, 5.0}
    assert 0.1 < np.mean([each.slice_thickness_mm > each.slice_interval_mm for each in full]) < 0.4


@pytest.mark.parametrize("seed", range(6))
def test_coarse_pixels_change_only_the_grid(seed):
    """Asked for 2 mm, the same patient comes with pixels and slices of at least that, and less noise."""
    fine, coarse = draw_request(seed), draw_request(seed, pixel_mm=2.0)

    assert coarse.acquisition.pixel_mm == 2.0
    assert coarse.acquisition.slice_interval_mm >= 2.0
    assert coarse.acquisition.noise_sd_hu < fine.acquisition.noise_sd_hu
    assert (coarse.patient, coarse.age, coarse.contrast) == (fine.patient, fine.age, fine.contrast)


def test_a_request_gives_the_same_bytes_again():
    """Everything that the cohort can ask for is deterministic, a turned patient with illness included."""
    seed = next(
        each for each, request in enumerate(requests()) if request.patient.rods and any(request.patient.turn_deg)
    )
    one, again = (simulate(seed, draw_request(seed, pixel_mm=4.0)) for _ in range(2))

    assert one.hu.tobytes() == again.hu.tobytes()
    assert one.truth.vertebrae == again.truth.vertebrae


@pytest.mark.parametrize("seed", range(100, 106))
def test_requests_can_be_simulated(seed):
    """What is drawn is a scan with at least one body in it."""
    assert simulate(seed, draw_request(seed, pixel_mm=4.0)).truth.levels
