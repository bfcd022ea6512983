"""The measurement rules on a real unenhanced trunk CT with model-made labels (TotalSegmentator example).

Reference: median of each body mask eroded by 5 mm. T12 is cut at the top of the scan.
"""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import label

from cds.bone.anatomy import MaskGrid, Spine, VertebralBody, VertebralLevel
from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import a_series

FOLDER = Path(__file__).parents[2].parent / "shared" / "ct" / "ts_example"
LABELS = {32: "T12", 31: "L1", 30: "L2", 29: "L3", 28: "L4", 27: "L5"}
AORTA = 52
REFERENCE_HU = {"L1": 101, "L2": 114, "L3": 111}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the real CT ../shared/ct/ts_example is not here")


def read(name):
    """One NIfTI file as (slice, row, column) with its LPS affine."""
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(FOLDER / name)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    affine[:, :3] = affine[:, [2, 1, 0]]
    return np.ascontiguousarray(np.asanyarray(image.dataobj).transpose(2, 1, 0)), affine


def a_body(labels, affine, value):
    """One label as a vertebral body."""
    where = np.argwhere(labels == value)
    x, y, z = (affine[:3, :3] @ where.mean(axis=0) + affine[:3, 3]).tolist()
    cut = where[:, 0].min() == 0 or where[:, 0].max() == labels.shape[0] - 1
    mask = MaskGrid((labels == value).astype(np.float32), affine)
    return VertebralBody(VertebralLevel(LABELS[value]), mask, (x, y, z), cut_by_border=bool(cut))


@pytest.fixture(scope="module")
def measured():
    """The CT measured with its label map in place of a segmenter."""
    hu, affine = read("ct.nii.gz")
    labels, _ = read("vertebral_bodies_T12_L5.nii.gz")
    bodies_only, _ = read("vertebrae_body_binary.nii.gz")
    everything, _ = read("total.nii.gz")
    labels = labels * (bodies_only == 1)
    spine = Spine(
        tuple(a_body(labels, affine, value) for value in LABELS),
        numbering_confidence=1.0,
        aorta=MaskGrid((everything == AORTA).astype(np.float32), affine),
    )
    return measure_volume(
        CtVolume(hu.astype(np.int16), affine, a_series(slice_thickness_mm=3.0)),
        spine,
        PhysicsCalibrator(),
        patient_check="matched",
        today=date(2026, 1, 1),
        software=Software("0", "labels", ""),
        timing_s={},
    )


@pytest.fixture(scope="module")
def assessment(measured):
    """What came of it."""
    return measured.assessment


def test_levels_read_their_references(assessment):
    """L1 to L3 read within 12 HU of the hand-made references."""
    found = {level.level.value: level.hu for level in assessment.levels}

    assert found == pytest.approx(REFERENCE_HU, abs=12)


def test_every_region_is_one_piece(measured):
    """No voxel lies apart, as two or more would in each of these vertebrae."""
    for level, roi in measured.ct.rois.items():
        start = roi.min(axis=0)
        box = np.zeros(tuple(roi.max(axis=0) - start + 1), bool)
        box[tuple((roi - start).T)] = True

        assert label(box)[1] == 1, level


def test_the_cut_level_is_named(assessment):
    """T12 reaches the first slice and is refused by name."""
    assert [(reason.code, reason.text[:4]) for reason in assessment.reasons] == [("level-cut", "T12:")]


def test_the_scan_is_unenhanced(assessment):
    """The aorta reads 42 HU: no contrast, a two-sided interval."""
    assert assessment.contrast.state == "none"
    assert assessment.contrast.aorta_hu == pytest.approx(42, abs=2)
    assert assessment.interval_kind == "two-sided"


def test_the_value_is_near_the_threshold_and_says_so(assessment):
    """About 83 mg/cm3 from L1 and L2: low, near 80."""
    assert assessment.vbmd_mg_cm3 == pytest.approx(83, abs=4)
    assert assessment.levels_used == (VertebralLevel.L1, VertebralLevel.L2)
    assert "near-80" in assessment.flags
