from math import hypot

import pytest

from cds.bone.measured_level import TRUNCATED_SLOPE_SD, MeasuredLevel, measure_level
from cds.bone.outlined_body import UnmeasuredBody, outlined_body
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import L1, T12, Trunk, a_body, a_series, muscles_beside, striped

CALIBRATOR = PhysicsCalibrator()
COARSE = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=5.0)
VOLUME = COARSE.volume()


class Listening:
    """A calibrator that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def calibrate(self, series, water_equivalent_diameter_cm, *, thoracic):
        """Answer like the real one."""
        self.asked.append((round(water_equivalent_diameter_cm), thoracic))
        return CALIBRATOR.calibrate(series, water_equivalent_diameter_cm, thoracic=thoracic)


def measure(volume, level=L1, calibrator=CALIBRATOR):
    """Measure one body, which must have an outline."""
    return measure_level(volume, outlined_body(volume, a_body(level)), calibrator)


def test_a_level_has_region_calibration_and_density():
    """HU, slope and density belong together."""
    found = measure(VOLUME)

    assert isinstance(found, MeasuredLevel)
    assert found.roi.hu == pytest.approx(150, abs=1)
    assert found.density.vbmd_mg_cm3 == pytest.approx(found.roi.hu / found.calibration.slope_hu_per_mg_cm3)
    assert found.flags == ()


def test_the_calibrator_learns_size_and_region():
    """T12 lies among abdominal organs and counts as lumbar; only T7 to T11 are thoracic."""
    listening = Listening()
    for level in (T12, L1):
        measure(VOLUME, level, listening)

    assert listening.asked == [(26, False), (26, False)]


@pytest.mark.parametrize(("columns", "flags", "more"), [(15, (), TRUNCATED_SLOPE_SD), (30, ("fov-narrow",), 0.10)])
def test_a_truncated_body_widens_the_slope(columns, flags, more):
    """A field of view that cuts the body adds 4 % to the slope's error, 10 % where it cuts most, and a flag."""
    narrow = CtVolume(VOLUME.hu[:, :, columns:-columns].copy(), moved_columns(VOLUME, columns), VOLUME.series)
    found = measure(narrow)

    assert found.flags == ("fov-truncated", *flags)
    assert found.calibration.slope_sd_fraction == pytest.approx(
        hypot(measure(VOLUME).calibration.slope_sd_fraction, more), abs=1e-3
    )


def moved_columns(volume, count):
    """The affine after cutting off that many columns at the start."""
    affine = volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, 2] * count
    return affine


def test_a_body_of_no_known_size_is_refused():
    """Where no body is seen around the vertebra, there is no slope for it."""
    air = COARSE.but(soft_hu=-1000.0, blood_hu=-1000.0, table=False, noise_hu=0.0).volume()
    found = measure(air)

    assert [reason.code for reason in found.reasons] == ["body-size-outside"]
    assert found.height_loss_percent == pytest.approx(0, abs=3)


def test_a_region_that_cannot_be_measured_is_passed_on():
    """The region's refusal is the level's, which keeps its height."""
    metal = VOLUME.hu.copy()
    metal[:, 90:95, 80:85] = 3000
    found = measure(CtVolume(metal, VOLUME.affine_lps.copy(), VOLUME.series))

    assert isinstance(found, UnmeasuredBody)
    assert [reason.code for reason in found.reasons] == ["level-metal"]
    assert found.height_loss_percent == pytest.approx(0, abs=3)


@pytest.mark.parametrize("kvp", [80.0, 140.0])
def test_dense_bone_is_dense_at_every_voltage(kvp):
    """300 HU are sclerotic at 140 kVp and ordinary at 80 kVp: the limit is a density."""
    trunk = COARSE.but(bone_hu={L1: 300}, series=a_series(kvp=kvp))
    found = measure(trunk.volume())

    assert isinstance(found, MeasuredLevel) is (kvp == 80.0)


def test_the_report_is_what_was_measured():
    """A report carries the level's numbers, and whether and why it was used."""
    found = measure(VOLUME)
    report = found.report(used=True, contrast="none", flags=("uneven",))

    assert (report.level, report.hu, report.vbmd_mg_cm3) == (L1, found.roi.hu, found.density.vbmd_mg_cm3)
    assert report.ci95_mg_cm3 == found.density.ci95_mg_cm3
    assert report.flags == ("uneven",)
    assert report.used


@pytest.mark.parametrize(
    ("kernel", "noise_hu", "code"),
    [("B70f", 120.0, "level-sharp-noise"), ("B70f", 40.0, None), ("B30f", 120.0, None), ("MYSTERY", 120.0, None)],
)
def test_a_sharp_kernel_with_much_noise_is_refused(kernel, noise_hu, code):
    """Noise over 80 HU refuses a sharp series, which is measured only where no softer one was usable."""
    volume = COARSE.but(noise_hu=noise_hu, series=a_series(kernel=kernel)).volume()
    found = measure(volume)
    codes = [reason.code for reason in found.reasons] if isinstance(found, UnmeasuredBody) else []

    assert ("level-sharp-noise" in codes) is (code is not None)


def test_streaks_beside_a_level_are_flagged():
    """With the muscles outlined streaks are seen; without, nothing is said of them."""
    volume = striped(COARSE.volume(), 150.0)
    body = outlined_body(volume, a_body())

    assert "streaky" in measure_level(volume, body, CALIBRATOR, muscle=muscles_beside()).flags
    assert "streaky" not in measure_level(volume, body, CALIBRATOR).flags
