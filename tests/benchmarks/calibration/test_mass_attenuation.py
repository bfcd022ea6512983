import pytest
import xraydb

from models.hu_calibration.materials import K2HPO4, WATER
from tests.benchmarks.calibration.mass_attenuation import REFERENCES, fitted

DENSITY_G_CM3 = {"fat": 0.95, "air": 0.0012, "blood": 1.06, "cortex": 1.92, "muscle": 1.05}


def _attenuation(material, kev):
    return sum(share * xraydb.mu_elam(element, kev * 1000.0) for element, share in material.items())


def _at_one_energy(kev):
    """HU of the reference tissues where all photons have one energy."""
    water = _attenuation(WATER, kev)
    return {name: 1000 * (DENSITY_G_CM3[name] * _attenuation(mix, kev) / water - 1) for name, mix in REFERENCES.items()}


def test_a_published_record_is_met():
    """Tissue means of one calibration record, and the energy and lines that the original found for them."""
    fit = fitted({"fat": -82.579, "air": -956.834, "blood": 39.249, "cortex": 1226.214, "muscle": 24.561})

    assert fit.energy_kev == 97.0
    assert fit.r_squared == pytest.approx(0.998965, abs=2e-4)
    assert fit.attenuation == pytest.approx((0.000016, 0.171240), abs=5e-5)
    assert fit.density == pytest.approx((0.000893, 0.968731), abs=1e-4)


def test_readings_of_a_typical_scan():
    """HU 0 to 250 as the published algorithm reads them."""
    fit = fitted({"fat": -105, "air": -998, "blood": 40, "cortex": 1200, "muscle": 55})

    read = [fit.vbmd_mg_cm3(hu) for hu in (0, 50, 100, 150, 200, 250)]
    assert read == pytest.approx([36, 61, 88, 118, 149, 183], abs=1.5)


@pytest.mark.parametrize(
    ("share_of_cortex", "expected"),
    [(1.0, [32, 59, 89, 122, 158]), (0.8, [29, 63, 100, 140, 185])],
)
def test_exact_tissues_of_one_energy_are_misread(share_of_cortex, expected):
    """0 to 200 mg/cm3 at 70 keV: it finds 94 keV or more, and compresses the scale."""
    hu = _at_one_energy(70)
    fit = fitted(hu | {"cortex": share_of_cortex * hu["cortex"]})
    per_mg = _attenuation(K2HPO4, 70) / _attenuation(WATER, 70) - 0.2174

    assert fit.energy_kev >= 94
    assert [fit.vbmd_mg_cm3(per_mg * mg) for mg in (0, 50, 100, 150, 200)] == pytest.approx(expected, abs=1.5)


def test_two_tissues_are_too_few():
    """The method asks for three."""
    assert fitted({"fat": -100, "air": -1000}) is None
