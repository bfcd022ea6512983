"""`osteocds assess`: exit status, streams, records; on real CT and on bad input.

One good and one bad input run as processes; the others here, where Python and torch need not start again.
"""

import base64
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from highdicom.sr import Comprehensive3DSR
from pydicom import dcmread

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.dicomweb.writing import write_series
from tests.support import dicom_builder
from tests.support.commands import as_process, in_process
from tests.support.dciodvfy import complaints
from tests.support.real_ct import shared_ct, the_sample

pytestmark = pytest.mark.system


def assess(*arguments: object):
    """Run the command here; standard output and standard error apart."""
    return in_process("assess", *arguments)


def record_of(*arguments: object, run=in_process):
    """The record, which must be all there is on standard output."""
    done = run("assess", *arguments, "--json", "-")

    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def lidc():
    """The record of LIDC-IDRI-0001, from a process."""
    return record_of(the_sample(), run=as_process)


def level_of(record, name):
    """One level of a record."""
    return next(level for level in record["levels"] if level["level"] == name)


@pytest.mark.parametrize(("level", "reference_hu"), [("T12", 100), ("L1", 75), ("L2", 61)])
def test_lidc_levels_read_right(lidc, level, reference_hu):
    """LIDC-IDRI-0001: each level's mean lies within 10 HU of the reference (it is in the training set)."""
    assert level_of(lidc, level)["hu"] == pytest.approx(reference_hu, abs=10)


def test_lidc_is_osteoporosis_range_with_contrast(lidc):
    """LIDC-IDRI-0001: enhanced, an upper estimate from L1 and L2, in the osteoporosis range."""
    assert lidc["status"] == "assessed"
    assert lidc["levels_used"] == ["L1", "L2"]
    assert {"contrast-enhanced", "scanner-not-calibrated", "age-unknown"} <= set(lidc["flags"])
    assert lidc["contrast"]["state"] == "enhanced"
    assert (lidc["category"], lidc["interval_kind"]) == ("osteoporosis-range", "upper-estimate")


def test_record_has_every_key_of_schema_1(lidc):
    """Keys of schema version 1 are all there, also the nested ones."""
    assert lidc["schema_version"] == 1
    assert set(lidc) >= {
        "status", "reasons", "category", "probability_osteoporosis_range", "vbmd_mg_cm3", "ci95_mg_cm3",
        "interval_kind", "basis", "levels_used", "z_score", "population", "levels", "numbering_confidence", "flags",
        "contrast", "acquisition", "calibration", "patient_check", "timing_s", "software",
    }  # fmt: skip
    assert set(level_of(lidc, "L1")) >= {
        "level", "hu", "hu_sd", "vbmd_mg_cm3", "ci95_mg_cm3", "centre_lps_mm", "roi_cm3", "used",
        "height_loss_percent", "flags",
    }  # fmt: skip
    assert set(lidc["acquisition"]) >= {
        "study_uid", "series_uid", "patient_id", "study_date", "scan_age_days", "kvp", "kernel",
        "slice_thickness_mm", "manufacturer", "model",
    }  # fmt: skip
    assert set(lidc["calibration"]) >= {
        "method", "scanner", "slope_hu_per_mg_cm3", "offset_hu", "water_equivalent_diameter_cm",
    }  # fmt: skip
    assert set(lidc["timing_s"]) >= {"read", "segment", "calibrate", "total"}
    assert set(lidc["software"]) >= {"version", "model", "weights_sha256"}


def test_ts_example_levels_read_right(tmp_path):
    """ts_example, written as DICOM: L1 to L3 within 12 HU of the references (it is in the training set)."""
    nibabel = pytest.importorskip("nibabel")
    image = nibabel.load(shared_ct("ts_example") / "ct.nii.gz")
    hu = np.asarray(image.dataobj).transpose(2, 1, 0).astype(np.int16)
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine[:, [2, 1, 0, 3]]
    series = CtSeries(
        study_uid="",
        series_uid="",
        patient=ArchivedPatient("TS-EXAMPLE"),
        modality="CT",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        kvp=120.0,
        kernel="STANDARD",
        slice_thickness_mm=3.0,
    )
    write_series(tmp_path / "ct", CtVolume(hu, lps, series))

    record = record_of(tmp_path / "ct", "--all-levels")

    for level, reference_hu in (("L1", 101), ("L2", 114), ("L3", 111)):
        assert level_of(record, level)["hu"] == pytest.approx(reference_hu, abs=12), level


def test_segmentation_and_report_are_written_beside_the_record(lidc, tmp_path):
    """--seg and --sr: valid DICOM of the same study, whose numbers are the record's; the same UIDs every time.

    --report and --png: the page in one file, with the pictures that are written beside it.
    """
    seg, sr, page, pictures = (tmp_path / name for name in ("seg.dcm", "sr.dcm", "page.html", "png"))
    record = record_of(the_sample(), "--seg", seg, "--sr", sr, "--report", page, "--png", pictures)
    html = page.read_text(encoding="utf-8")
    names = ["axial-L1.png", "axial-L2.png", "coronal.png", "sagittal.png"]
    assert sorted(each.name for each in pictures.iterdir()) == names
    for name in names:
        assert base64.b64encode((pictures / name).read_bytes()).decode() in html
    assert f"{record['vbmd_mg_cm3']:.0f} mg/cm<sup>3</sup>" in html
    assert len(html) < 600_000
    segmentation, report = dcmread(seg), Comprehensive3DSR.from_dataset(dcmread(sr))
    groups = {each.tracking_identifier: each for each in report.content.get_volumetric_roi_measurement_groups()}

    assert record["levels"] == lidc["levels"]
    assert segmentation.StudyInstanceUID == report.StudyInstanceUID == record["acquisition"]["study_uid"]
    assert {each.SegmentLabel for each in segmentation.SegmentSequence} >= {"L1 vertebral body", "L1 trabecular ROI"}
    for level in record["levels"]:
        told = {each.name.value: each.value for each in groups[f"{level['level']} trabecular ROI"].get_measurements()}
        assert (told["112181"], told["level-vbmd"]) == (level["hu"], level["vbmd_mg_cm3"])
    assert complaints(segmentation, tmp_path) == complaints(report, tmp_path) == []


@pytest.mark.parametrize("option", ["--seg", "--sr"])
def test_dicom_outputs_are_checked_before_the_work(tmp_path, option):
    """Into the input folder, into a folder that is not there, or twice into one file: status 2 at once."""
    _refused(assess(tmp_path, option, tmp_path / "out.dcm"), "input folder")
    _refused(assess(tmp_path / "ct", option, tmp_path / "no" / "folder.dcm"), "cannot be written")
    _refused(assess(tmp_path / "ct", "--json", tmp_path / "out", option, tmp_path / "out"), "the same file")


def test_what_is_not_assessable_has_no_segmentation(tmp_path):
    """Status 0 and the record, a line that nothing was written, and no file."""
    dicom_builder.written(tmp_path / "ct")
    page = tmp_path / "page.html"
    asked = ("--seg", tmp_path / "seg.dcm", "--report", page, "--png", tmp_path / "png", "--language", "zh-Hans")
    done = assess(tmp_path / "ct", "--json", "-", *asked)

    assert done.returncode == 0
    assert json.loads(done.stdout)["status"] == "not-assessable"
    assert "--seg: nothing was written" in done.stderr
    assert not (tmp_path / "seg.dcm").exists()
    assert "--png: nothing was written" in done.stderr
    assert "无法评估" in page.read_text(encoding="utf-8")


def test_missing_slice_is_named(tmp_path):
    """One slice removed from a real CT: not assessable, and the gap is named; exit status 0."""
    folder = shutil.copytree(the_sample(), tmp_path / "ct")
    sorted(folder.glob("*.dcm"))[60].unlink()

    record = record_of(folder)

    assert record["status"] == "not-assessable"
    assert [reason["code"] for reason in record["reasons"]] == ["slices-missing"]
    assert record["vbmd_mg_cm3"] is None


def test_truncated_slice_is_named(tmp_path):
    """One file cut short in a real CT: not assessable, and the file is named; exit status 0."""
    folder = shutil.copytree(the_sample(), tmp_path / "ct")
    victim = sorted(folder.glob("*.dcm"))[60]
    victim.write_bytes(victim.read_bytes()[:300_000])

    record = record_of(folder)

    assert record["status"] == "not-assessable"
    assert [reason["code"] for reason in record["reasons"]] == ["image-truncated"]
    assert victim.name in record["reasons"][0]["text"]


def test_lone_truncated_file_is_named(tmp_path):
    """A folder with nothing but a truncated image: not assessable, and the file is named."""
    whole = min(the_sample().glob("*.dcm"))
    (tmp_path / "half.dcm").write_bytes(whole.read_bytes()[:200_000])

    record = record_of(tmp_path)

    assert record["reasons"][0]["code"] == "image-truncated"
    assert "half.dcm" in record["reasons"][0]["text"]


def test_input_folder_stays_untouched(tmp_path):
    """A read-only folder is measured, and not a byte in it changes."""
    folder = shutil.copytree(shared_ct("ts_j2k") / "dicom", tmp_path / "ct")
    before = _fingerprint(folder)
    folder.chmod(0o500)

    record_of(folder)

    folder.chmod(0o700)
    assert _fingerprint(folder) == before


def test_empty_folder(tmp_path):
    """An empty folder: status 2 and one line that says so."""
    _refused(assess(tmp_path), "holds no files")


def test_text_file(tmp_path):
    """A text file: status 2, named."""
    (tmp_path / "notes.txt").write_text("not an image")

    _refused(assess(tmp_path), "notes.txt")


def test_no_such_folder(tmp_path):
    """A folder that is not there: status 2, of a process."""
    _refused(as_process("assess", tmp_path / "nowhere"), "nowhere")


def test_mr_series(tmp_path):
    """An MR series: status 2, and what it is instead."""
    dicom_builder.an_mr_series(tmp_path)

    _refused(assess(tmp_path), "MR")


def test_two_patients(tmp_path):
    """Two patients in one folder: status 2, and no value of either; neither is named."""
    dicom_builder.written(tmp_path / "a", dicom_builder.another_series("a"))
    other = dicom_builder.a_patient("PAT-2")
    dicom_builder.written(tmp_path / "b", dicom_builder.another_series("b", patient=other))

    done = assess(tmp_path)

    _refused(done, "2 patients")
    assert "PAT-" not in done.stderr


def test_unwritable_output_is_refused_before_the_work(tmp_path):
    """An output that cannot be written: status 2 at once, before the folder is even read."""
    _refused(assess(tmp_path / "ct", "--json", tmp_path / "no" / "such" / "folder.json"), "cannot be written")


def test_output_never_goes_into_the_input(tmp_path):
    """The record may not land in the input folder."""
    _refused(assess(tmp_path, "--json", tmp_path / "record.json"), "input folder")


def test_unknown_series(tmp_path):
    """A series UID that the folder does not hold: status 2, named."""
    dicom_builder.written(tmp_path)

    _refused(assess(tmp_path, "--series", "1.2.3"), "1.2.3")


def test_duplicate_slice_with_other_pixels_is_named(tmp_path):
    """Two different images at one position: not assessable, named; never one of them at random."""
    paths = dicom_builder.written(tmp_path)
    twin = tmp_path / "twin.dcm"
    shutil.copy(paths[5], twin)
    dicom_builder.edit(twin, lambda dataset: setattr(dataset, "PixelData", bytes(len(dataset.PixelData))))

    record = record_of(tmp_path)

    assert record["status"] == "not-assessable"
    assert "slices-duplicate" in {reason["code"] for reason in record["reasons"]}


def _refused(done, words):
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def _fingerprint(folder: Path):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
