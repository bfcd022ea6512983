"""From voxels to the assessment: what is never invented, never turned, and never lost, on simulated and real CT.

Networks, simulator and rules together; the claims rest on geometry and hold for any weights worth shipping.
"""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.ndimage import rotate

from cds.bone.anatomy import VertebralLevel
from cds.bone.assess import levels_to_outline, measure_volume
from cds.bone.assessment import Software
from cds.bone.outlined_column import outlined_column
from cds.inference.calibrator import PhysicsCalibrator
from cds.inference.segmenter import NetworkSegmenter
from models.digital_patient import Acquisition, PatientOptions, ScanRequest, simulate
from models.vertebra_segmentation.sources import read_nifti
from tests.bone.false_alarms import volume_of
from tests.bone.phantom import flipped, with_axes
from tests.support.real_ct import shared_ct

TWO_MM = Acquisition(pixel_mm=2.0, slice_interval_mm=2.0, slice_thickness_mm=2.0)
HEALTHY = PatientOptions(osteophytes=False)
PATIENT = ScanRequest(
    cranial="T8", caudal="L3", age=70, vbmd_mg_cm3=95.0, acquisition=TWO_MM, patient=HEALTHY, margin_mm=12.0
)


@pytest.fixture(scope="module")
def segmenter():
    """The shipped networks, loaded once."""
    return NetworkSegmenter.load()


@pytest.fixture(scope="module")
def assess(segmenter):
    """Measure a volume from end to end."""

    def measured(volume):
        return measure_volume(
            volume,
            segmenter.segment(volume, levels_to_outline(all_levels=False)),
            PhysicsCalibrator(),
            patient_check="matched",
            today=date(2026, 1, 1),
            software=Software("test", segmenter.name, segmenter.weights_sha256),
            timing_s={},
        ).assessment

    return measured


@pytest.fixture(scope="module")
def patient():
    """CT of one simulated patient, T8 to L3."""
    scan = simulate(4101, PATIENT)
    return volume_of(scan.hu, scan.affine_lps)


@pytest.fixture(scope="module")
def plain(assess, patient):
    """Its assessment."""
    return assess(patient)


@pytest.fixture(scope="module")
def usual(segmenter, patient):
    """Its spine, all levels."""
    return segmenter.segment(patient, tuple(VertebralLevel))


def codes(assessment):
    """The codes of its reasons."""
    return [reason.code for reason in assessment.reasons]


def reversed_voxels(volume, *axes):
    """Voxels reversed under the same affine: the labels then lie. Axes: slice, row, column."""
    return volume_of(np.flip(volume.hu, axes), volume.affine_lps.copy())


def test_a_plain_patient_is_measured(plain):
    """Upright, neither mirrored nor doubted: a value, and no level left out by a check of its outline."""
    assert plain.status == "assessed"
    assert "mirrored" not in plain.flags
    assert plain.height_losses == ()
    assert set(codes(plain)) <= {"level-cut", "level-outlier"}


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ((0,), ["orientation-upside-down"]),
        ((0, 2), ["orientation-upside-down"]),
        ((1,), ["orientation-front-to-back"]),
        ((1, 2), ["orientation-front-to-back"]),
        ((0, 1), ["orientation-upside-down", "orientation-front-to-back"]),
    ],
    ids=["slices reversed", "feet for head", "rows reversed", "half a turn about the long axis", "slices and rows"],
)
def test_a_turned_patient_is_refused(assess, patient, axes, expected):
    """Against their labels the images show the patient turned: refused by that name, without a value."""
    found = assess(reversed_voxels(patient, *axes))

    assert codes(found) == expected
    assert (found.status, found.vbmd_mg_cm3, found.levels) == ("not-assessable", None, ())


def test_a_mirrored_patient_keeps_the_value(assess, patient, plain):
    """Left and right exchanged: flagged, and the density within 5 mg/cm3."""
    found = assess(reversed_voxels(patient, 2))

    assert "mirrored" in found.flags
    assert found.vbmd_mg_cm3 == pytest.approx(plain.vbmd_mg_cm3, abs=5)


def position(volume, name):
    """The same patient as another position stores the voxels, with an affine that says so."""
    if name == "prone":
        return flipped(flipped(volume, 1), 2)
    if name == "feet first":
        return flipped(flipped(volume, 0), 2)
    if name == "decubitus":
        return flipped(with_axes(volume, (0, 2, 1)), 1)
    return with_axes(volume, (2, 0, 1))


@pytest.mark.parametrize("name", ["prone", "feet first", "decubitus", "sagittal"])
def test_a_truly_labelled_position_changes_nothing(segmenter, patient, usual, name):
    """Prone, feet first, on the side, stored in sagittal slices: the same bodies, by the same names."""
    volume = position(patient, name)
    spine = segmenter.segment(volume, tuple(VertebralLevel))

    assert (spine.turns, spine.is_mirrored) == ((), False)
    assert [body.level for body in spine.bodies] == [body.level for body in usual.bodies]
    assert outlined_column(volume, spine).doubts == outlined_column(patient, usual).doubts


@pytest.mark.parametrize("roll_deg", [-20, 20])
def test_a_patient_rolled_to_a_side_is_measured(assess, patient, roll_deg):
    """Rolled by 20 degrees on the table: not taken for turned, and the density within 8 mg/cm3 of the truth."""
    rolled = rotate(patient.hu, roll_deg, axes=(1, 2), reshape=False, order=1, mode="constant", cval=-1000)
    found = assess(volume_of(rolled, patient.affine_lps.copy()))

    assert not any(code.startswith("orientation") for code in codes(found))
    assert found.vbmd_mg_cm3 == pytest.approx(PATIENT.vbmd_mg_cm3, abs=8)


@pytest.mark.parametrize("caudal", ["T10", "T12"])
def test_a_chest_without_lumbar_levels_has_none(assess, caudal):
    """A thorax that ends above L1: whatever is measured, no lumbar level is."""
    scan = simulate(4102, replace(PATIENT, cranial="T1", caudal=caudal, margin_mm=2.0))
    found = assess(volume_of(scan.hu, scan.affine_lps))

    assert not [level.level for level in found.levels if not level.level.is_thoracic]
    assert not set(found.levels_used) & {VertebralLevel.L1, VertebralLevel.L2, VertebralLevel.L3}


AXIAL_2_MM = np.array([[0, 0, 2.0, 0], [0, 2.0, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])


def made(kind):
    """Something that is no trunk: 100 x 100 x 100 voxels of 2 mm."""
    z, y, x = np.meshgrid(*[np.arange(-100, 100, 2.0)] * 3, indexing="ij")
    noise = np.random.default_rng(5).normal(0, 1, z.shape)
    if kind == "head":
        radius = np.sqrt((x / 0.8) ** 2 + y**2 + z**2)
        return np.select([radius < 72, radius < 80, radius < 86], [35, 1000, 40], -1000) + 8 * noise
    if kind == "leg":
        radius, thigh = np.hypot(x - 8, y + 5), np.hypot(x, y)
        return np.select([radius < 7, radius < 14, thigh < 60, thigh < 75], [-60, 1100, 55, -100], -1000) + 8 * noise
    if kind == "two shins":
        tibia, fibula = np.hypot(np.abs(x) - 55, y), np.hypot(np.abs(x) - 85, y - 12)
        bone = np.minimum(tibia / 14, fibula / 7)
        return np.select([bone < 0.6, bone < 1, np.hypot(np.abs(x) - 62, y) < 45], [-40, 1100, 50], -1000) + 8 * noise
    return {"empty": -1000 + 0 * z, "uniform": 40 + 0 * z, "noise": 60 * noise, "strong noise": 400 * noise}[kind]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("head", "no-vertebra-found"),
        ("leg", "no-vertebra-found"),
        ("two shins", "no-vertebra-found"),
        ("empty", "no-anatomy"),
        ("uniform", "no-anatomy"),
        ("noise", "no-anatomy"),
        ("strong noise", "no-anatomy"),
    ],
)
def test_what_is_no_trunk_has_no_level(assess, kind, code):
    """Heads, legs, blanks and noise are not assessable, each with its reason."""
    found = assess(volume_of(np.clip(np.rint(made(kind)), -1024, 3071), AXIAL_2_MM))

    assert (found.status, found.levels, found.height_losses) == ("not-assessable", (), ())
    assert codes(found) == [code]


@pytest.mark.parametrize("kind", ["crush", "wedge"])
def test_a_fracture_is_found(segmenter, kind):
    """L1 that lost half its height, evenly or in front, is outlined, believed, and graded at least moderate."""
    request = replace(PATIENT, patient=replace(HEALTHY, **{f"{kind}_fractures": {"L1": 0.5}}))
    scan = simulate(4103, request)
    volume = volume_of(scan.hu, scan.affine_lps)
    column = outlined_column(volume, segmenter.segment(volume, tuple(VertebralLevel)))
    centre = scan.truth.of("L1").centre_lps_mm
    nearest = min(column.bodies.values(), key=lambda body: np.linalg.norm(np.subtract(body.centre_lps_mm, centre)))

    assert np.linalg.norm(np.subtract(nearest.centre_lps_mm, centre)) < 8
    assert nearest.level not in column.doubts
    assert nearest.height_loss_percent >= 25


def real(name, place):
    """One real scan, where it is beside the checkout."""
    scan = read_nifti(shared_ct(name) / place)
    return volume_of(scan.values, scan.affine_lps)


@pytest.fixture(scope="module")
def trunk():
    """`ts_example`: L1 to L5, no contrast."""
    return real("ts_example", "ct.nii.gz")


@pytest.fixture(scope="module")
def trunk_spine(segmenter, trunk):
    """Its spine, all levels."""
    return segmenter.segment(trunk, tuple(VertebralLevel))


def test_a_real_trunk_is_believed(trunk, trunk_spine):
    """Of L1 to L3 no outline is doubted, none lost a quarter of its height."""
    column = outlined_column(trunk, trunk_spine)
    first = [level for level in column.bodies if level in (VertebralLevel.L1, VertebralLevel.L2, VertebralLevel.L3)]

    assert len(first) == 3
    assert not set(first) & set(column.doubts)
    assert all(column.bodies[level].height_loss_percent < 25 for level in first)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ((0, 2), ["orientation-upside-down"]),
        ((1, 2), ["orientation-front-to-back"]),
        ((0, 1), ["orientation-upside-down", "orientation-front-to-back"]),
    ],
    ids=["feet for head", "half a turn about the long axis", "both"],
)
def test_a_real_trunk_turned_is_refused(assess, trunk, axes, expected):
    """On a real scan too."""
    assert codes(assess(reversed_voxels(trunk, *axes))) == expected


def test_a_real_trunk_mirrored_is_flagged(segmenter, trunk, trunk_spine):
    """The liver lies on the wrong side."""
    assert segmenter.segment(reversed_voxels(trunk, 2), tuple(VertebralLevel)).is_mirrored
    assert not trunk_spine.is_mirrored


def test_a_real_chest_has_no_lumbar_level(segmenter):
    """`lidc_0314` ends at T12."""
    volume = real("lidc_0314", "ct.nii.gz")
    spine = segmenter.segment(volume, tuple(VertebralLevel))
    column = outlined_column(volume, spine)

    assert not [level for level in column.bodies if not level.is_thoracic and level not in column.doubts]
    assert spine.turns == ()
