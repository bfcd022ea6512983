"""The laws that a phantomless calibration must keep, U1 to U6 and U8, on numbers and on a simulated trunk."""

from dataclasses import replace
from datetime import date
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.bone.contrast import contrast_of
from cds.bone.density import density_of
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER
from models.hu_calibration.slope_table import SlopeTable
from models.hu_calibration.tissue_expectation import TISSUE_PRIORS, expected_hu
from tests.bone.builders import a_blood, a_roi, a_sample
from tests.bone.phantom import L1, L2, Trunk, a_series, flipped, moved_lps, padded, with_axes

TABLE = SlopeTable.load()
UNKNOWN = PhysicsCalibrator()
DOCUMENTED = PhysicsCalibrator(scanner_prior=lambda _: DOCUMENTED_SCANNER)

kvps = st.floats(80, 140)
diameters_cm = st.floats(20, 34)
densities = st.floats(20, 250)
calibrators = st.sampled_from([UNKNOWN, DOCUMENTED])


def samples_of(kvp, diameter_cm, **above_hu):
    """Fat, muscle and blood as expected, or so much above."""
    paths = {"fat": 10.0, "muscle": diameter_cm + 4, "blood": diameter_cm + 4}
    return [
        a_sample(tissue, expected_hu(TABLE, tissue, kvp, path) + above_hu.get(tissue, 0.0), water_path_cm=path)
        for tissue, path in paths.items()
    ]


def vbmd(calibrator, kvp, diameter_cm, bone_hu, samples):
    """mg/cm3 at a lumbar level."""
    calibration = calibrator.calibrate(a_series(kvp=kvp), diameter_cm, thoracic=False, samples=samples)
    return density_of(a_roi(hu=bone_hu), calibration).vbmd_mg_cm3


NIST_CM2_G = {
    60: {"water": 0.2059, "K2HPO4": 0.3890, "fat": 0.1974, "muscle": 0.2048, "blood": 0.2057},
    70: {"water": 0.1929, "K2HPO4": 0.3015, "fat": 0.1875, "muscle": 0.1916, "blood": 0.1921},
    80: {"water": 0.1837, "K2HPO4": 0.2508, "fat": 0.1800, "muscle": 0.1823, "blood": 0.1827},
}
G_CM3 = {"fat": 0.95, "muscle": 1.05, "blood": 1.06}


def a_monoenergetic_table(kev):
    """A table for a beam of one energy: neither size nor filtration matters."""
    mu = NIST_CM2_G[kev]
    slope = mu["K2HPO4"] / mu["water"] - 0.2174
    filtrations = ("light", "standard", "hard")
    hu = {tissue: 1000 * (density * mu[tissue] / mu["water"] - 1) for tissue, density in G_CM3.items()}
    return slope, replace(
        TABLE,
        kvp=(70.0, 150.0),
        water_path_cm=(10.0, 50.0),
        log_slopes={("K2HPO4", f): ((log(slope),) * 2,) * 2 for f in filtrations},
        tissues={(tissue, f): ((value,) * 2,) * 2 for tissue, value in hu.items() for f in filtrations},
    )


@pytest.mark.parametrize("kev", sorted(NIST_CM2_G))
@settings(max_examples=20, deadline=None)
@given(above=st.tuples(*[st.floats(-15, 15)] * 3))
def test_u1_one_energy_gives_the_exact_slope(kev, above):
    """A beam of one energy: the slope of that energy, whatever the tissues read; a regression through air would not."""
    slope, table = a_monoenergetic_table(kev)
    tissues = zip(("fat", "muscle", "blood"), above, strict=True)
    samples = [a_sample(tissue, TISSUE_PRIORS[tissue].mean_hu + shift) for tissue, shift in tissues]
    found = PhysicsCalibrator(table).calibrate(
        a_series(), 26.0, thoracic=False, samples=[*samples, a_sample("air", -1000.0)]
    )

    assert found.slope_hu_per_mg_cm3 == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("kev", sorted(NIST_CM2_G))
def test_u1_tissues_as_expected_leave_nothing_to_correct(kev):
    """And then solutions of 0 to 200 mg/cm3 read what they hold."""
    slope, table = a_monoenergetic_table(kev)
    samples = [a_sample(tissue, prior.mean_hu) for tissue, prior in TISSUE_PRIORS.items()]
    found = [vbmd(PhysicsCalibrator(table), 120.0, 26.0, held * slope, samples) for held in (0, 50, 100, 150, 200)]

    assert found == pytest.approx([0, 50, 100, 150, 200], abs=1e-9)


INDEPENDENT = {  # slope at D = 25 cm and its change with D, computed elsewhere from the same physics
    80: (1.9019, -0.00836, 0.000128),
    100: (1.5311, -0.00877, 0.000151),
    110: (1.4168, -0.00875, 0.000153),
    120: (1.3283, -0.00875, 0.000154),
    130: (1.2589, -0.00872, 0.000154),
    140: (1.2033, -0.00867, 0.000154),
}


@pytest.mark.parametrize("kvp", sorted(INDEPENDENT))
@pytest.mark.parametrize("diameter_cm", [22.0, 26.0, 31.0])
@pytest.mark.parametrize("held", [0, 50, 100, 150, 200])
def test_u2_solutions_read_what_they_hold(kvp, diameter_cm, held):
    """K2HPO4 in water, at every voltage and size, within 2 %."""
    at_25, linear, square = INDEPENDENT[kvp]
    beyond = diameter_cm + 4 - 25
    bone_hu = held * at_25 * (1 + linear * beyond + square * beyond**2)

    found = vbmd(UNKNOWN, float(kvp), diameter_cm, bone_hu, samples_of(kvp, diameter_cm))

    assert found == pytest.approx(held, rel=0.02, abs=0.2)


@pytest.mark.parametrize(
    ("kvp", "diameter_cm", "slope"),
    [(120, 23.1, 1.304), (120, 26.5, 1.271), (120, 30.6, 1.236), (100, 26.5, 1.460), (140, 26.5, 1.155)],
)
def test_u2_projected_and_reconstructed(kvp, diameter_cm, slope):
    """Slopes read in polychromatic projections of an abdomen, reconstructed: within 2 %."""
    found = vbmd(UNKNOWN, float(kvp), diameter_cm, 100 * slope, samples_of(kvp, diameter_cm))

    assert found == pytest.approx(100, rel=0.02)


@given(calibrators, kvps, diameters_cm, densities, st.floats(-20, 20))
def test_u3_one_wild_sample_does_little(calibrator, kvp, diameter_cm, held, wild_hu):
    """Muscle or blood off by up to 20 HU moves the density by less than 2 mg/cm3; fat too, up to 150 mg/cm3."""
    bone_hu = held * TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4)
    usual = vbmd(calibrator, kvp, diameter_cm, bone_hu, samples_of(kvp, diameter_cm))

    for tissue in ("muscle", "blood", "fat") if held <= 150 else ("muscle", "blood"):
        spoiled = vbmd(calibrator, kvp, diameter_cm, bone_hu, samples_of(kvp, diameter_cm, **{tissue: wild_hu}))
        assert abs(spoiled - usual) < 2


@given(calibrators, kvps, diameters_cm, densities, st.floats(-500, 500))
def test_u3_a_sample_that_is_no_such_tissue_does_nothing(calibrator, kvp, diameter_cm, held, beyond_hu):
    """What no muscle reads is left out, however far off: the density moves by less than 2 mg/cm3."""
    bone_hu = held * TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4)
    usual = vbmd(calibrator, kvp, diameter_cm, bone_hu, samples_of(kvp, diameter_cm))
    spoiled = vbmd(calibrator, kvp, diameter_cm, bone_hu, samples_of(kvp, diameter_cm, muscle=beyond_hu))

    assert abs(spoiled - usual) < 2


@given(st.floats(30, 60), st.floats(0, 60))
def test_u4_iodine_in_the_blood_is_contrast(unenhanced_hu, sd_hu):
    """Blood raised by 120 HU is enhanced, however noisy."""
    assert contrast_of(a_series(), a_blood(unenhanced_hu + 120, sd_hu)).state == "enhanced"


@given(calibrators, kvps, diameters_cm, densities, st.floats(0, 0.2))
def test_u5_fat_in_muscle_does_little(calibrator, kvp, diameter_cm, held, share):
    """Up to 20 % of fat, evenly mixed so that no lean part is left to read: less than 3 mg/cm3."""
    bone_hu = held * TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4)
    lean = expected_hu(TABLE, "muscle", kvp, diameter_cm + 4)
    fat = expected_hu(TABLE, "fat", kvp, diameter_cm + 4)
    before, after = (
        vbmd(calibrator, kvp, diameter_cm, bone_hu, samples_of(kvp, diameter_cm, muscle=of_fat * (fat - lean)))
        for of_fat in (0.0, share)
    )

    assert abs(after - before) < 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_u8_the_scale_is_not_compressed(seed):
    """Below 100 mg/cm3 the density found rises by 0.97 to 1.03 for each mg/cm3 held; scanners documented."""
    truth, found, _ = a_cohort(np.random.default_rng(seed), DOCUMENTED, slope_spread=0.03)
    low = truth < 100
    slope = np.cov(truth[low], found[low])[0, 1] / truth[low].var(ddof=1)

    assert 0.97 < slope < 1.03
    assert abs(np.mean(found[low] - truth[low])) < 2


@pytest.mark.parametrize(
    ("calibrator", "slope_spread"), [(DOCUMENTED, 0.03), (UNKNOWN, 0.08)], ids=["known", "unknown"]
)
def test_intervals_hold_the_truth(calibrator, slope_spread):
    """At least 94 % of the 95 % intervals hold the density, though tissues and scanners are drawn otherwise."""
    truth, _, intervals = a_cohort(np.random.default_rng(7), calibrator, slope_spread)

    assert np.mean((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])) > 0.94


def a_cohort(rng, calibrator, slope_spread, count=1500):
    """Densities held and found, and intervals: people and scanners of other distributions than are assumed."""
    truth = np.clip(rng.normal(120, 42, count), 15, 260)
    found, intervals = np.empty(count), np.empty((count, 2))
    for index, held in enumerate(truth):
        kvp, diameter_cm = float(rng.choice([100, 120, 140])), float(rng.uniform(20, 34))
        offset = rng.laplace(0, 1.6)
        slope = TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4 + rng.normal(0, 1)) * (1 + rng.normal(0, slope_spread))
        above = {
            "fat": offset + rng.normal(-3, 6),
            "muscle": offset + rng.uniform(-25, 12),
            "blood": offset + rng.uniform(-6, 12),
        }
        bone_hu = held * slope + offset + rng.normal(0, 1.5)
        placed_hu = rng.normal(0, 2.0) * slope
        calibration = calibrator.calibrate(
            a_series(kvp=kvp), diameter_cm, thoracic=False, samples=samples_of(kvp, diameter_cm, **above)
        )
        density = density_of(a_roi(hu=bone_hu + placed_hu, hu_sem=1.5), calibration)
        found[index], intervals[index] = density.vbmd_mg_cm3, density.ci95_mg_cm3
    return truth, found, intervals


PATIENT = Trunk(
    spacing_mm=(3.0, 2.0, 2.0), fat_mm=18.0, fat_hu=-104.0, muscle_hu=45.0, noise_hu=10.0, bone_hu={L1: 110, L2: 110}
)


def assessed(patient):
    """The simulated trunk from end to end."""
    return assessed_images(patient.volume(), patient.spine())


def assessed_images(volume, spine):
    """The same from voxels and outlines."""
    return measure_volume(
        volume,
        spine,
        UNKNOWN,
        patient_check="matched",
        today=date(2026, 1, 1),
        software=Software("test", "perfect", ""),
        timing_s={},
    ).assessment


@pytest.fixture(scope="module")
def plain():
    """Unenhanced, nothing unusual."""
    return assessed(PATIENT)


def test_the_result_says_which_tissues_it_used(plain):
    """Fat, muscle and blood, each with what it read; no flag of theirs."""
    calibration = plain.calibration

    assert calibration.method == "physics slope by kVp and size; offset from fat, muscle, blood"
    assert {each.tissue: each.used for each in calibration.tissues} == {
        "fat": True,
        "muscle": True,
        "blood": True,
        "air": False,
    }
    assert {line.tissues for line in calibration.lines} == {"air+blood", "fat+muscle"}
    assert not {"tissue-unusual", "calibrations-differ"} & set(plain.flags)


def half_as_thick(volume):
    """Slices resampled to half their distance."""
    affine = volume.affine_lps.copy()
    affine[:3, 0] /= 2
    affine[:3, 3] -= affine[:3, 0] / 2
    return CtVolume(volume.hu.repeat(2, axis=0), affine, volume.series)


@pytest.mark.parametrize(
    "change",
    [
        lambda volume: flipped(volume, 0),
        lambda volume: flipped(volume, 1),
        lambda volume: flipped(volume, 2),
        lambda volume: with_axes(volume, (0, 2, 1)),
        lambda volume: padded(volume, (3, 8, 11), (5, 2, 17)),
        half_as_thick,
    ],
    ids=["slices reversed", "rows reversed", "columns reversed", "rows for columns", "padded", "half the thickness"],
)
def test_how_the_images_are_stored_changes_nothing(plain, change):
    """Tissues, offset and density stay: within 0.5 HU and 1 mg/cm3."""
    found = assessed_images(change(PATIENT.volume()), PATIENT.spine())

    assert [each.used for each in found.calibration.tissues] == [each.used for each in plain.calibration.tissues]
    assert found.calibration.offset_hu == pytest.approx(plain.calibration.offset_hu, abs=0.5)
    assert found.vbmd_mg_cm3 == pytest.approx(plain.vbmd_mg_cm3, abs=1)


def test_the_place_in_the_scanner_changes_nothing(plain):
    """Nor do table height and position."""
    found = assessed_images(*moved_lps(PATIENT.volume(), PATIENT.spine(), (25.0, -60.0, 300.0)))

    assert found.vbmd_mg_cm3 == pytest.approx(plain.vbmd_mg_cm3, abs=0.2)
    assert found.calibration.offset_hu == pytest.approx(plain.calibration.offset_hu, abs=0.2)


@pytest.mark.parametrize("bone_hu", [60, 110, 200])
def test_density_rises_with_hu_whatever_the_tissues(bone_hu):
    """More HU in the bone of the same patient is more density, by the slope."""
    less, more = (assessed(PATIENT.but(bone_hu={L1: hu, L2: hu})) for hu in (bone_hu, bone_hu + 20))
    slope = more.calibration.slope_hu_per_mg_cm3

    assert more.vbmd_mg_cm3 - less.vbmd_mg_cm3 == pytest.approx(20 / slope, rel=0.05)


def test_u3_in_the_image(plain):
    """Muscle of the trunk 20 HU denser: less than 2 mg/cm3."""
    assert assessed(PATIENT.but(muscle_hu=65.0)).vbmd_mg_cm3 == pytest.approx(plain.vbmd_mg_cm3, abs=2)


def test_u4_in_the_image():
    """Blood at 162 HU: enhanced, an upper estimate, calibrated by fat alone."""
    found = assessed(PATIENT.but(blood_hu=162.0))

    assert found.contrast.state == "enhanced"
    assert found.interval_kind == "upper-estimate"
    assert [each.tissue for each in found.calibration.tissues if each.used] == ["fat"]


def test_u6_untagged_tin_in_the_image():
    """100 kVp, nothing that names a filter, fat as tin makes it read: no value, and the reason."""
    tin = PATIENT.but(fat_hu=-86.0, series=a_series(kvp=100.0, manufacturer="SIEMENS"))
    found = assessed(tin)

    assert (found.status, found.vbmd_mg_cm3, found.levels) == ("not-assessable", None, ())
    assert [reason.code for reason in found.reasons] == ["spectrum-mismatch"]


def test_an_offset_of_the_scanner_is_partly_taken_back(plain):
    """Water, and all else but air, 5 HU too high: the density rises by less than the 3.9 mg/cm3 that it would."""
    shifted = PATIENT.but(fat_hu=-99.0, muscle_hu=50.0, blood_hu=47.0, soft_hu=35.0, bone_hu={L1: 115, L2: 115})
    rise = assessed(shifted).vbmd_mg_cm3 - plain.vbmd_mg_cm3

    assert 2 < rise < 5 / plain.calibration.slope_hu_per_mg_cm3 - 0.3
    assert UNKNOWN_SCANNER.offset_sd_hu > assessed(shifted).calibration.offset_sd_hu
