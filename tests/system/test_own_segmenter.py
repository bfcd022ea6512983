"""A site's own segmenter, end to end: `osteocds assess` with a bundle on a DICOM folder."""

import json

import pytest

from cds.dicomweb.writing import write_series
from cds.inference.bundle_files import read_bundle
from models.digital_patient import Acquisition, ScanRequest, simulate
from tests.inference.simulated import volume_of
from tests.support.bundle_builder import edit_weights, spine_bundle, write_checksums
from tests.support.commands import in_process

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def scan():
    """T11 to L3 of a simulated patient, the whole body in view."""
    acquisition = Acquisition(
        pixel_mm=2.5, field_of_view_mm=400.0, slice_interval_mm=2.5, slice_thickness_mm=2.5, noise_sd_hu=8.0
    )
    request = ScanRequest(cranial="T11", caudal="L3", margin_mm=8.0, vbmd_mg_cm3=140.0, acquisition=acquisition)
    return simulate(7, request)


@pytest.fixture(scope="module")
def dicom_folder(scan, tmp_path_factory):
    """That scan as DICOM files."""
    folder = tmp_path_factory.mktemp("own") / "ct"
    write_series(folder, volume_of(scan))
    return folder


@pytest.fixture
def bundle(scan, tmp_path):
    """A bundle that knows the patient."""
    return spine_bundle(tmp_path / "bundle", scan)


def assess(folder, segmenter):
    """The command, with a segmenter of the site's own."""
    return in_process("assess", folder, "--json", "-", environment={"OSTEOCDS_SEGMENTER": str(segmenter)})


def test_a_bundle_measures_a_dicom_folder(dicom_folder, bundle, scan):
    """Every level within 7 mg/cm3 of the truth, under its own name, and the record says whose weights measured it."""
    done = assess(dicom_folder, bundle)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    identity = read_bundle(bundle).identity()

    assert record["status"] == "assessed", record["reasons"]
    assert record["levels_used"] == ["L1", "L2"]
    for level in record["levels"]:
        truth = scan.truth.of(level["level"])
        assert level["vbmd_mg_cm3"] == pytest.approx(truth.vbmd_k2hpo4_mg_cm3, abs=7)
    assert record["software"]["model"] == identity.name
    assert record["software"]["weights_sha256"] == identity.weights_sha256
    assert "level-ambiguous" not in record["flags"]


def test_altered_weights_end_with_status_2(dicom_folder, bundle):
    """Weights that are not those of the bundle's checksum: one line that names the setting and the file."""
    write_checksums(bundle)
    edit_weights(bundle, "bias", 0.01)

    done = assess(dicom_folder, bundle)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.strip().splitlines()[-1].startswith("osteocds: OSTEOCDS_SEGMENTER:")
    assert "model.pt" in done.stderr


def test_no_such_bundle_ends_with_status_2_before_any_work(dicom_folder, tmp_path):
    """A folder that is not there is told at once, with what may stand in its place."""
    done = assess(dicom_folder, tmp_path / "nowhere")

    assert done.returncode == 2
    assert "nowhere is no folder" in done.stderr
    assert "totalsegmentator" in done.stderr
