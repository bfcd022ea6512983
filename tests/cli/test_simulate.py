import json

import numpy as np
import pydicom
import pytest
from typer.testing import CliRunner

from cds.cli import app
from cds.dicomweb.folder import FolderArchive

QUICK = ("--pixel-mm", "4", "--study-date", "2026-03-01")


def simulate(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(app, ["simulate", *map(str, arguments), *QUICK])


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A folder with two patients, and what was printed."""
    out = tmp_path_factory.mktemp("simulated") / "new"
    return out, simulate("--out", out, "--seed", 4, "--count", 2, "--vbmd", 95, "--kvp", 100)


def test_each_patient_has_a_series_and_a_truth_beside_it(two):
    """Two seeds, two folders; standard output names the series; the truth is not among the images."""
    out, done = two

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [str(out / name / "series") for name in ("SIM-000004", "SIM-000005")]
    for name in ("SIM-000004", "SIM-000005"):
        truth = json.loads((out / name / "truth.json").read_text(encoding="utf-8"))
        assert (truth["patient_id"], truth["kvp"], truth["vbmd_l1_l2_mg_cm3"]) == (name, 100, 95)
        assert {path.suffix for path in (out / name / "series").iterdir()} == {".dcm"}


def test_every_image_says_that_it_is_simulated(two):
    """Also one that was taken out of its folder."""
    for path in sorted((two[0] / "SIM-000004" / "series").iterdir()):
        image = pydicom.dcmread(path)
        assert "SIMULATED" in image.SeriesDescription
        assert "Not a person" in image.ImageComments
        assert image.ImageType[3] == "SIMULATED"
        assert image.PatientID == "SIM-000004"
        assert image.Manufacturer == "osteocds (simulated)"


def test_the_archive_reads_it_back(two):
    """One usable series whose voxels are HU."""
    archive = FolderArchive(two[0] / "SIM-000005" / "series")
    (series,) = archive.scan(lambda _what, _fraction: None).series

    assert series.kvp == 100
    first = pydicom.dcmread(min((two[0] / "SIM-000005" / "series").iterdir()))
    assert np.percentile(first.pixel_array, 1) < -900


def test_the_same_seed_gives_the_same_files_and_other_wishes_other_uids(tmp_path):
    """Nothing is left to chance, and no two different images share a UID."""
    for name, vbmd in (("one", 95), ("again", 95), ("denser", 140)):
        assert simulate("--out", tmp_path / name, "--seed", 6, "--vbmd", vbmd).exit_code == 0
    one, again, denser = (
        (tmp_path / name / "SIM-000006" / "series" / "IM0005.dcm") for name in ("one", "again", "denser")
    )

    assert one.read_bytes() == again.read_bytes()
    assert pydicom.dcmread(one).SOPInstanceUID != pydicom.dcmread(denser).SOPInstanceUID


def test_a_folder_with_anything_in_it_is_left_alone(tmp_path):
    """Exit status 2, one line that says why, and nothing is written."""
    (tmp_path / "mine.txt").write_text("keep", encoding="utf-8")
    done = simulate("--out", tmp_path)

    assert done.exit_code == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_is_no_folder(tmp_path):
    """Said before any work."""
    place = tmp_path / "file"
    place.write_text("", encoding="utf-8")

    done = simulate("--out", place)

    assert done.exit_code == 2
    assert "cannot be made a folder" in done.stderr


@pytest.mark.parametrize(
    "wish",
    [
        ("--kvp", 60),
        ("--vbmd", -5),
        ("--contrast", "oral"),
        ("--count", 0),
        ("--years-later", -1),
        ("--last-level", "C3"),
        ("--crushed", "L1"),
        ("--crushed", "L1=0.9"),
        ("--crushed", "tail=0.3"),
    ],
)
def test_impossible_wishes_are_refused(tmp_path, wish):
    """The option is named."""
    done = simulate("--out", tmp_path, *wish)

    assert done.exit_code == 2
    assert wish[0] in done.stderr


def test_a_later_ct_of_a_patient_can_be_asked_for(tmp_path):
    """Same patient, six years older, on another scanner, with a compressed vertebra, down to L3."""
    wishes = ("--years-later", 6, "--other-scanner", "--crushed", "t12=0.4", "--last-level", "l3")
    done = simulate("--out", tmp_path / "new", "--seed", 6, *wishes)
    image = pydicom.dcmread(tmp_path / "new" / "SIM-000006" / "series" / "IM0005.dcm")
    truth = json.loads((tmp_path / "new" / "SIM-000006" / "truth.json").read_text(encoding="utf-8"))

    assert done.exit_code == 0, done.stderr
    assert (image.PatientID, image.StudyDate, image.StationName) == ("SIM-000006", "20320301", "SIM-EXACT-2")
    assert truth["levels"]["T12"]["fracture"]
    assert "L3" in truth["levels"]
