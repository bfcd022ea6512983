"""`osteocds simulate` and `osteocds assess` one after the other."""

import json

import pytest

from tests.support.commands import as_process, in_process

pytestmark = pytest.mark.system


@pytest.mark.parametrize(("vbmd", "osteocds"), [(70, as_process), (150, in_process)])
def test_a_simulated_patient_is_measured_and_the_truth_lies_in_the_interval(tmp_path, vbmd, osteocds):
    """Through the front door: DICOM in, record out, every level that was used beside its truth."""
    made = osteocds("simulate", "--out", tmp_path / "new", "--seed", 11, "--vbmd", vbmd, "--pixel-mm", 2)
    series = made.stdout.splitlines()[-1]
    done = osteocds("assess", series, "--json", "-")
    record = json.loads(done.stdout)
    truth = json.loads((tmp_path / "new" / "SIM-000011" / "truth.json").read_text(encoding="utf-8"))

    assert record["status"] == "assessed"
    assert record["levels_used"]
    assert record["ci95_mg_cm3"][0] <= truth["vbmd_l1_l2_mg_cm3"] <= record["ci95_mg_cm3"][1]
    for level in record["levels"]:
        if level["used"]:
            low, high = level["ci95_mg_cm3"]
            assert low <= truth["levels"][level["level"]]["vbmd_mg_cm3"] <= high
