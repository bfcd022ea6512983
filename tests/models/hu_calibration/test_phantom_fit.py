"""Rods to coefficients: what comes out of a true scanner, and every refusal with its sentence."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.hu_calibration.phantom_fit import HA_SCALE_SD, PhantomScan, fit_phantom
from models.hu_calibration.phantoms import phantom_of
from models.hu_calibration.physical_slopes import physical_slopes
from models.hu_calibration.rod_line import Rod
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError, ScannerCoefficients
from models.hu_calibration.slope_table import SlopeTable

TABLE = SlopeTable.load()
DENSITIES = (0.0, 50.0, 100.0, 150.0, 200.0)


def a_scan(factor=1.0, offset_hu=2.0, *, kvp=120.0, diameter_cm=26.0, basis="K2HPO4", brand="Solutions", **facts):
    """Rods as a scanner reads them whose slope is `factor` times that of the table."""
    slope = factor * TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4, basis=basis)
    usual = {
        "rods": tuple(Rod(each, offset_hu + slope * each) for each in DENSITIES),
        "kvp": kvp,
        "water_equivalent_diameter_cm": diameter_cm,
        "basis": basis,
        "brand": brand,
    }
    return PhantomScan(**(usual | facts))


def with_hu(*hu):
    """The same rods with other readings."""
    return tuple(Rod(density, value) for density, value in zip(DENSITIES, hu, strict=True))


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.85, 1.2), st.floats(-12, 12), st.floats(70, 150), st.floats(16, 36), st.sampled_from(["K2HPO4", "HA"])
)
def test_a_scanner_is_found_as_it_is(factor, offset_hu, kvp, diameter_cm, basis):
    """At every tube voltage, size and basis the rods give back the scanner's factor and offset."""
    scan = a_scan(factor, offset_hu, kvp=kvp, diameter_cm=diameter_cm, basis=basis)
    low, high = physical_slopes(TABLE, kvp, basis, diameter_cm + 4)
    slope = factor * TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4, basis=basis)
    assume(low <= slope <= high)
    found = fit_phantom(scan, TABLE).coefficients

    assert found.slope_factor == pytest.approx(factor, rel=1e-6)
    assert found.offset_hu == pytest.approx(offset_hu, abs=1e-6)


def test_the_spread_is_narrow_for_k2hpo4_and_wider_for_hydroxyapatite():
    """Below 1.5 % for solutions; another scale adds its own 4 %, and its plastic 3 HU."""
    solution = fit_phantom(a_scan(), TABLE).coefficients
    solid = fit_phantom(a_scan(basis="HA", brand="QRM BDC-6"), TABLE).coefficients

    assert solution.slope_factor_sd < 0.015
    assert solid.slope_factor_sd > HA_SCALE_SD
    assert solid.offset_sd_hu > 3 > solution.offset_sd_hu


def test_at_the_edge_of_the_body_the_beam_is_softer():
    """Rods under the back read a higher slope for the same scanner, and say less about its middle."""
    slope = TABLE.slope_hu_per_mg_cm3(120, 10)
    edge = a_scan(rods=tuple(Rod(d, slope * d) for d in DENSITIES), position="edge")
    found = fit_phantom(edge, TABLE).coefficients

    assert found.slope_factor == pytest.approx(1)
    assert found.slope_factor_sd > 0.05
    assert fit_phantom(replace(edge, position="centre"), TABLE).coefficients.slope_factor > 1.1


def test_the_prior_says_site_and_where_it_comes_from():
    """Factor and offset as measured; place in the gantry widens the offset."""
    coefficients = ScannerCoefficients(slope_factor=0.95, slope_factor_sd=0.019, offset_hu=3.0, offset_sd_hu=1.5)
    prior = coefficients.prior("phantom of yesterday")

    assert (prior.kind, prior.source) == ("site", "phantom of yesterday")
    assert (prior.slope_factor, prior.offset_hu) == (0.95, 3.0)
    assert prior.slope_sd_fraction == pytest.approx(0.02)
    assert prior.offset_sd_hu == pytest.approx(2.5)
    assert prior.hardness_sd == 0.35


@pytest.mark.parametrize(
    ("brand", "basis"),
    [("Mindways Model 3", "K2HPO4"), ("QRM-BDC/3", "HA"), ("B-MAS200", "HA"), ("image_analysis", "HA"), ("own", None)],
)
def test_brands_are_known_by_how_their_name_begins(brand, basis):
    """Model and serial may follow."""
    known = phantom_of(brand)

    assert (known.basis if known else None) == basis


MINDWAYS = tuple(Rod(d, 1.28 * d) for d in DENSITIES)
EXCHANGED = tuple(Rod(rod.hu, rod.density_mg_cm3) for rod in a_scan().rods)


@pytest.mark.parametrize(
    ("scan", "sentence"),
    [
        (a_scan(rods=with_hu(0, 64, 128, 192, 256)[:2]), "2 rod.*at least 3"),
        (a_scan(rods=(Rod(0, 0), Rod(0, 1), Rod(0, 2))), "1 rod.*at least 3"),
        (a_scan(rods=(Rod(0, 0), Rod(10, 13), Rod(20, 26))), "span 20 mg/cm3; at least 50"),
        (a_scan(rods=tuple(Rod(d / 1000, 1.28 * d) for d in DENSITIES)), "in g/cm3"),
        (a_scan(rods=EXCHANGED), "look exchanged"),
        (a_scan(rods=with_hu(0, 64, 192, 128, 256)), "150 mg/cm3 reads 128 HU.*two rods look exchanged"),
        (a_scan(rods=with_hu(40, 41, 100, 250, 251)), "not lie on a line.*R2"),
        (a_scan(rods=with_hu(0, 100, 200, 300, 400)), "2 HU per mg/cm3 is outside physics"),
        (a_scan(rods=with_hu(0, 25, 50, 75, 100)), "outside physics"),
        (a_scan(offset_hu=1024.0), "rescale intercept"),
        (replace(a_scan(), kvp=0.0), "kVp 0 is outside"),
        (replace(a_scan(), water_equivalent_diameter_cm=260.0), "water path.*in cm"),
        (a_scan(basis="HA", brand="Mindways Model 3"), "states K2HPO4, the column basis says HA"),
        (a_scan(rods=MINDWAYS, brand="Mindways Model 3"), "rod_water_mg_cm3"),
        (a_scan(rods=(Rod(0, 0, None, 1000.0), *MINDWAYS[1:])), "to all rods of a phantom or to none"),
        (a_scan(rods=(Rod(float("nan"), 0), *MINDWAYS)), "not a number"),
    ],
)
def test_what_is_no_calibration_is_refused_with_a_sentence(scan, sentence):
    """Each fault is named; none gives a number."""
    with pytest.raises(CalibrationRefusedError, match=sentence):
        fit_phantom(scan, TABLE)


@given(st.floats(70, 150), st.floats(16, 40), st.sampled_from(["light", "standard", "hard"]))
def test_physics_itself_is_believable(kvp, path_cm, filtration):
    """Every slope of the tables between 16 and 40 cm lies inside the range, its inverse outside."""
    low, high = physical_slopes(TABLE, kvp, "K2HPO4", path_cm)
    slope = TABLE.slope_hu_per_mg_cm3(kvp, path_cm, filtration)

    assert low < slope < high
    assert not low <= 1 / slope <= high or kvp > 140


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"slope_factor": 1.28}, "not a slope in HU per mg/cm3"),
        ({"slope_factor": 97.0}, "not a percentage"),
        ({"slope_factor": float("nan")}, "not believable"),
        ({"slope_factor_sd": 0.0}, "slope_factor_sd"),
        ({"slope_factor_sd": 3.0}, "slope_factor_sd"),
        ({"offset_hu": -40.0}, "offset of -40.0 HU"),
        ({"offset_sd_hu": -1.0}, "offset_sd_hu"),
    ],
)
def test_coefficients_that_no_scanner_has_are_refused(facts, sentence):
    """The value is valid once constructed."""
    usual = {"slope_factor": 1.0, "slope_factor_sd": 0.01, "offset_hu": 0.0, "offset_sd_hu": 1.0}
    with pytest.raises(CalibrationRefusedError, match=sentence):
        ScannerCoefficients(**(usual | facts))
