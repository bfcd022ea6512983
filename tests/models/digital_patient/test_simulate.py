from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from models.digital_patient import LEVELS, Acquisition, PatientOptions, Scanner, ScanRequest, simulate
from models.digital_patient.acquisition import noise
from models.digital_patient.structures import LUMBAR, Structure

QUICK = Acquisition(pixel_mm=2.0, field_of_view_mm=240.0, slice_interval_mm=2.0, slice_thickness_mm=2.0)
CLEAN = replace(QUICK, noise_sd_hu=0.0, streaks=False)
LUMBAR_SCAN = ScanRequest(cranial="T12", caudal="L3", acquisition=CLEAN)

scan_of = cache(lambda seed, caudal="L3": simulate(seed, replace(LUMBAR_SCAN, caudal=caudal)))


def deep_core(scan, level, depth_mm=6.0):
    """Voxels of a body that far under its surface."""
    body = scan.truth.body_mask(level)
    spacing = np.linalg.norm(scan.affine_lps[:3, :3], axis=0)
    return ndimage.distance_transform_edt(body, sampling=spacing) > depth_mm


def test_the_same_seed_gives_the_same_bytes():
    """Noise and streaks included."""
    request = ScanRequest(cranial="L1", caudal="L2", acquisition=QUICK)
    one, again, other = simulate(5, request), simulate(5, request), simulate(6, request)

    assert one.hu.tobytes() == again.hu.tobytes()
    assert one.truth.structures.tobytes() == again.truth.structures.tobytes()
    assert one.truth.vertebrae == again.truth.vertebrae
    assert one.hu.tobytes() != other.hu.tobytes()


def standard_core(scan, level):
    """Voxels over which a density is the mean: 5 mm deep, the middle half of the height, the front two thirds.

    The nearest voxel outside lies half a voxel, 1 mm, beyond the surface.
    """
    core, truth = deep_core(scan, level, 6.0), scan.truth.of(level)
    slices, rows = (np.arange(size) for size in core.shape[:2])
    z, y = (scan.affine_lps[2, 3] + 2.0 * slices, scan.affine_lps[1, 3] + 2.0 * rows)
    body = scan.truth.body_mask(level)
    front, back = y[np.flatnonzero(body.any(axis=(0, 2)))[[0, -1]]]
    middle = np.abs(z - truth.centre_lps_mm[2]) < truth.height_mm[1] / 4
    return core & middle[:, None, None] & (y < front + (back - front) * 2 / 3)[None, :, None]


@pytest.mark.parametrize(
    "scanner",
    [Scanner(), Scanner(kvp=100.0), Scanner(kvp=140.0, filtration="hard"), Scanner(offset_hu=-3, slope_deviation=0.1)],
)
def test_the_core_reads_what_the_truth_says(scanner):
    """Without noise the standard core lies within 1.5 HU of the truth's value at every level, uneven as it is."""
    scan = simulate(1, replace(LUMBAR_SCAN, scanner=scanner, patient=PatientOptions(osteophytes=False)))
    for level in ("L1", "L2"):
        assert scan.hu[standard_core(scan, level)].mean() == pytest.approx(scan.truth.of(level).core_hu, abs=1.5)


@pytest.mark.parametrize("seed", range(4))
def test_slope_times_density_is_the_core(seed):
    """At 120 kVp without contrast, core HU over slope is the true vBMD."""
    truth = scan_of(seed).truth
    for vertebra in truth.vertebrae:
        assert vertebra.core_hu / vertebra.slope_hu_per_mg_cm3 == pytest.approx(vertebra.vbmd_k2hpo4_mg_cm3, abs=0.05)


def test_thick_slices_do_not_change_the_core():
    """Five millimetres of slice reach no endplate from the middle of L1."""
    thick = replace(CLEAN, slice_interval_mm=5.0, slice_thickness_mm=5.0)
    scans = [simulate(1, replace(LUMBAR_SCAN, acquisition=each)) for each in (CLEAN, thick)]
    thin_hu, thick_hu = (scan.hu[deep_core(scan, "L1", 9.0)].mean() for scan in scans)

    assert thick_hu == pytest.approx(thin_hu, abs=1.5)


def test_noise_averages_out():
    """The mean of a noisy core comes to the truth as one over the square root of the number of scans, at least."""
    errors = []
    core = deep_core(scan_of(1), "L1")
    for seed in range(1, 9):
        generator = np.random.default_rng(seed)
        grain = noise(core.shape, replace(QUICK, noise_sd_hu=40.0), np.full(len(core), 30.0), generator)
        errors.append(float(grain[core].mean()))

    assert abs(np.mean(errors)) < 0.5
    assert np.std(errors) < 2.0


@pytest.mark.parametrize("seed", range(5))
def test_a_chest_scan_has_no_lumbar_level(seed):
    """A scan that ends below T11 knows no lumbar vertebra, and its lowest body is T11 or part of T12."""
    truth = simulate(
        seed, ScanRequest(cranial="T8", caudal="T11", aim="spine", acquisition=replace(CLEAN, field_of_view_mm=120.0))
    ).truth

    assert not set(truth.levels) & set(LUMBAR)
    assert truth.levels[-1] in ("T11", "T12")
    assert truth.levels[-1] == "T11" or truth.of("T12").cut_by_border


def test_bodies_at_the_border_are_called_cut():
    """A scan that ends inside L3 says so of L3, not of L1 and L2."""
    truth = simulate(2, replace(LUMBAR_SCAN, margin_mm=-6.0)).truth

    assert truth.of("L3").cut_by_border
    assert not truth.of("L1").cut_by_border
    assert not truth.of("L2").cut_by_border


@pytest.mark.parametrize("seed", range(4))
def test_the_affine_leads_from_voxels_to_the_centre(seed):
    """The middle of each whole body's mask lies within 2 mm of its centre."""
    scan = scan_of(seed)
    for vertebra in scan.truth.vertebrae:
        if not vertebra.cut_by_border:
            index = np.array(ndimage.center_of_mass(scan.truth.body_mask(vertebra.level)))
            place = (scan.affine_lps @ [*index, 1])[:3]

            assert np.linalg.norm(place - vertebra.centre_lps_mm) < 2.0


def test_moving_the_patient_moves_only_the_affine():
    """Another table position: the same voxels, and every centre moved with them."""
    moved = simulate(3, replace(LUMBAR_SCAN, position_lps_mm=(11.5, -40.0, 1300.25)))
    still = scan_of(3)

    assert moved.hu.tobytes() == still.hu.tobytes()
    assert moved.affine_lps[:3, 3] - still.affine_lps[:3, 3] == pytest.approx([11.5, -40.0, 1300.25])
    for one, other in zip(moved.truth.vertebrae, still.truth.vertebrae, strict=True):
        assert np.subtract(one.centre_lps_mm, other.centre_lps_mm) == pytest.approx([11.5, -40.0, 1300.25])


def test_axes_run_to_head_back_and_left():
    """LPS: the next slice is higher, the next row more posterior, the next column further left."""
    affine = scan_of(1).affine_lps

    assert affine[:3, :3] == pytest.approx(np.array([[0, 0, 2.0], [0, 2.0, 0], [2.0, 0, 0]]))


def test_a_small_field_of_view_reads_the_same():
    """The water path is the patient's, not that of the part that is seen."""
    small = simulate(1, replace(LUMBAR_SCAN, aim="spine", acquisition=replace(CLEAN, field_of_view_mm=120.0)))

    assert not small.truth.of("L1").cut_by_border
    assert small.truth.of("L1").core_hu == pytest.approx(scan_of(1).truth.of("L1").core_hu, abs=0.01)


def test_contrast_and_hardware_are_in_the_truth():
    """The truth says which levels hold cement or metal, and how much iodine the aorta has."""
    patient = PatientOptions(cement=("L2",), wedge_fractures={"L1": 0.25})
    truth = simulate(4, replace(LUMBAR_SCAN, contrast="venous", patient=patient)).truth

    assert [each.level for each in truth.vertebrae if each.cement_or_metal] == ["L2"]
    assert truth.aortic_iodine_mg_ml > 0
    assert truth.of("L1").fracture == "wedge"
    assert truth.of("L1").height_mm[0] < 0.8 * truth.of("L1").height_mm[2]


TURNED = PatientOptions(turn_deg=(4.0, -5.0, 9.0))


def test_a_turned_patient_keeps_his_truth():
    """Turned about all three axes, masks and centres still agree, and the core reads the same."""
    turned = simulate(1, replace(LUMBAR_SCAN, patient=TURNED))
    for level in ("L1", "L2"):
        index = np.array(ndimage.center_of_mass(turned.truth.body_mask(level)))
        truth = turned.truth.of(level)

        assert np.linalg.norm((turned.affine_lps @ [*index, 1])[:3] - truth.centre_lps_mm) < 2.0
        assert turned.hu[standard_core(turned, level)].mean() == pytest.approx(truth.core_hu, abs=2.0)
        assert truth.core_hu == pytest.approx(scan_of(1).truth.of(level).core_hu, abs=1.0)


def test_turning_about_the_long_axis_moves_the_column_by_that_angle():
    """The line from L1 to L3 turns as asked, and its length stays."""
    lines = [
        np.subtract(scan.truth.of("L1").centre_lps_mm, scan.truth.of("L3").centre_lps_mm)
        for scan in (scan_of(1), simulate(1, replace(LUMBAR_SCAN, patient=PatientOptions(turn_deg=(0.0, 6.0, 0.0)))))
    ]
    lean = [np.degrees(np.arctan2(line[0], line[2])) for line in lines]

    assert lean[1] - lean[0] == pytest.approx(6.0, abs=0.1)
    assert np.linalg.norm(lines[1]) == pytest.approx(np.linalg.norm(lines[0]), abs=0.01)


def test_the_truth_names_the_variant():
    """What a reader of the images could only guess is written down."""
    patient = PatientOptions(rib_pairs=11, lumbosacral="lumbarised")
    truth = simulate(2, replace(LUMBAR_SCAN, patient=patient)).truth

    assert truth.variant == patient.variant
    assert not truth.variant.is_usual
    assert scan_of(2).truth.variant.is_usual


def test_vertebra_numbers_follow_the_levels():
    """Every body in the labels is named in the truth, cranial to caudal."""
    truth = scan_of(2).truth
    bodies = truth.vertebra[np.isin(truth.structures, (Structure.BODY_CORTEX, Structure.BODY_TRABECULAR))]

    assert [LEVELS[number - 1] for number in np.unique(bodies)] == list(truth.levels)


def test_a_range_without_a_slice_is_refused():
    """The scan cannot end above its beginning."""
    with pytest.raises(ValueError, match="no slice lies between"):
        simulate(1, ScanRequest(cranial="L3", caudal="T12"))
