"""`osteocds calibrate`: what it writes, says and refuses; a refusal as a process, the others here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cds.cli.calibrate import CalibrateRequest, day_of, run_phantom
from cds.errors import CalibrationUnusable
from cds.inference.calibration_folder import read_calibrations
from models.hu_calibration.slope_table import SlopeTable
from tests.support.coefficient_files import RODS, document, on_disk, pair_rows, rod_rows, table
from tests.support.commands import as_process, in_process
from tests.support.real_ct import the_sample

TABLE = SlopeTable.load()
TODAY = datetime.now(UTC).date()
RECENT = str(TODAY - timedelta(days=30))


def test_rods_become_a_file_that_the_service_reads(tmp_path):
    """The table says slope, factor, offset, validity and where it went; the same again overwrites nothing."""
    rods = table(tmp_path / "rods.csv", rod_rows(date=RECENT))
    done = in_process("calibrate", "phantom", rods, "--out", tmp_path / "on-file")
    again = in_process("calibrate", "phantom", rods, "--out", tmp_path / "on-file")
    (written,) = (tmp_path / "on-file").iterdir()

    assert done.returncode == 0, done.stderr
    assert {"1.280", "1.002", "+2.0", RECENT} <= set(done.stdout.split())
    assert str(written) in done.stdout
    assert written.name == f"maker_scanner-64_ct1_120kvp_b30f_phantom-solutions_{RECENT}.json"
    assert read_calibrations(tmp_path / "on-file", TODAY).sites[0].coefficients.offset_hu == pytest.approx(2.0)
    assert (again.returncode, again.stdout) == (2, "")
    assert "is there already" in again.stderr


def test_pairs_become_a_file(tmp_path):
    """Deming slope and intercept are shown with the stated ratio of errors."""
    pairs = table(tmp_path / "pairs.csv", pair_rows([(50 + i, 1.05 * (50 + i)) for i in range(110)], date=RECENT))
    done = in_process("calibrate", "pairs", pairs, "--out", tmp_path, "--error-variance-ratio", "0.5")
    (written,) = tmp_path.glob("*.json")

    assert done.returncode == 0, done.stderr
    assert "1.050" in done.stdout
    assert json.loads(written.read_text(encoding="utf-8"))["error_variance_ratio"] == 0.5


def test_what_cannot_be_used_is_one_line_and_status_2(tmp_path):
    """Nothing on standard output, nothing written."""
    rods = table(tmp_path / "rods.csv", rod_rows([(hu, density) for density, hu in RODS], date=RECENT))
    done = as_process("calibrate", "phantom", rods, "--out", tmp_path / "on-file")

    assert (done.returncode, done.stdout) == (2, "")
    assert "look exchanged" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "on-file").exists()


@pytest.mark.parametrize(
    ("rows", "options", "sentence"),
    [
        (rod_rows(kvp="0", date=RECENT), {}, "kVp 0 is outside"),
        (rod_rows(date="2024-01-01"), {}, "expired on 2024-12-31"),
        (rod_rows(date=RECENT), {"valid_from": TODAY}, "lies after the measurement"),
    ],
)
def test_nothing_is_written_where_nothing_may_be_used(tmp_path, rows, options, sentence):
    """A tube voltage that is none, a measurement too old, a time that begins after it."""
    request = CalibrateRequest(table(tmp_path / "rods.csv", rows), tmp_path / "on-file")
    with pytest.raises(CalibrationUnusable, match=sentence):
        run_phantom(replace(request, **options))

    assert not (tmp_path / "on-file").exists()


def test_a_date_that_is_none_is_refused():
    """The option is named."""
    with pytest.raises(CalibrationUnusable, match="--valid-from soon"):
        day_of("soon")


@pytest.mark.system
@pytest.mark.parametrize("command", ["serve", "assess"])
def test_a_broken_file_stops_serve_and_assess(tmp_path, monkeypatch, command):
    """At start, with one line that names file and fault."""
    folder = on_disk(tmp_path / "on-file", ct1=document(slope_facter=1.0))
    monkeypatch.setenv("OSTEOCDS_CALIBRATION_DIR", str(folder))
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "data"))
    done = in_process(command, *([tmp_path] if command == "assess" else []))

    assert (done.returncode, done.stdout) == (2, "")
    assert "ct1.json: unknown key slope_facter: did you mean slope_factor?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_names_every_column():
    """A physicist needs no other page to make the table."""
    phantom, pairs = (in_process("calibrate", kind, "--help").stdout for kind in ("phantom", "pairs"))

    for column in (*rod_rows()[0], "rod_hu_sd", "rod_water_mg_cm3", "rod_position"):
        assert column in phantom
    for column in (*pair_rows([(1, 1)])[0], "basis"):
        assert column in pairs


@pytest.mark.system
def test_the_scanner_of_a_real_ct_is_found(tmp_path):
    """LIDC-IDRI-0001 with its scanner's slope 5 % below the table's: that slope, no flag, the file named."""
    facts = {"manufacturer": "GE MEDICAL SYSTEMS", "model": "LightSpeed Plus", "station": "", "kernel": "STANDARD"}
    rods = [(density, round(0.95 * TABLE.slope_hu_per_mg_cm3(120, 30) * density, 2)) for density in (0, 50, 100, 200)]
    made = table(tmp_path / "rods.csv", rod_rows(rods, date=RECENT, **facts))
    folder = tmp_path / "on-file"
    calibrated = in_process("calibrate", "phantom", made, "--out", folder, "--valid-from", "1999-01-01")
    assert calibrated.returncode == 0, calibrated.stderr
    known = {"OSTEOCDS_CALIBRATION_DIR": str(folder)}
    record = json.loads(in_process("assess", the_sample(), "--json", "-", environment=known).stdout)
    found = record["calibration"]
    expected = 0.95 * TABLE.slope_hu_per_mg_cm3(120, found["water_equivalent_diameter_cm"] + 4)

    assert found["scanner"] == "site"
    assert found["slope_hu_per_mg_cm3"] == pytest.approx(expected, rel=0.03)
    assert found["source"].startswith(f"phantom Solutions of {RECENT} (ge-medical-systems_")
    assert "scanner-not-calibrated" not in record["flags"]
