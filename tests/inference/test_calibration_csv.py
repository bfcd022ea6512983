"""Tables of rods and pairs: what a spreadsheet can get wrong, told by line and column."""

import random
from datetime import date

import pytest

from cds.errors import CalibrationUnusable
from cds.inference.pairs_calibration import calibrate_by_pairs
from cds.inference.phantom_calibration import calibrate_by_phantom
from cds.inference.validity import Validity
from tests.support.coefficient_files import RODS, TODAY, pair_rows, rod_rows, table

PAIRS = [(40 + each, 1.05 * (40 + each) - 2) for each in range(120)]


def by_phantom(path, **validity):
    """The documents of a table of rods."""
    return calibrate_by_phantom(path, Validity(**validity), TODAY)


def test_rods_become_a_document(tmp_path):
    """Slope over the table's, offset, a year of validity, the checksum of the table."""
    path = table(tmp_path / "rods.csv", rod_rows())
    (found,) = by_phantom(path)

    assert found.measured_slope_hu_per_mg_cm3 == pytest.approx(1.28)
    assert found.slope_factor == pytest.approx(1.28 / found.table_slope_hu_per_mg_cm3, rel=1e-5)
    assert found.offset_hu == pytest.approx(2.0, abs=1e-5)
    assert (found.rods, found.rod_position) == (5, "centre")
    assert (found.measured, found.valid_from) == (date(2026, 3, 1), date(2026, 3, 1))
    assert found.valid_until == date(2027, 3, 1)
    assert len(found.source_csv_sha256) == 64


def test_each_scanner_and_protocol_is_a_document_of_its_own(tmp_path):
    """Rows may stand in any order; kernels that share a calibration stay together."""
    rows = [*rod_rows(kernel="B30f|B31f"), *rod_rows(kernel="B60f"), *rod_rows(station="CT2")]
    random.Random(1).shuffle(rows)  # noqa: S311 - no secret
    found = by_phantom(table(tmp_path / "rods.csv", rows))

    assert {(each.scanner.station, each.kernels) for each in found} == {
        ("CT1", ("B30f", "B31f")),
        ("CT1", ("B60f",)),
        ("CT2", ("B30f",)),
    }


def test_kernels_are_written_as_dicom_tools_show_them(tmp_path):
    r"""Of Br40f\3 the first part counts, as in the series."""
    (found,) = by_phantom(table(tmp_path / "rods.csv", rod_rows(kernel="Br40f\\3")))

    assert found.kernels == ("Br40f",)


def test_an_empty_station_is_every_scanner_of_the_model(tmp_path):
    """The document names no station."""
    assert by_phantom(table(tmp_path / "rods.csv", rod_rows(station="")))[0].scanner.station is None


def test_a_byte_order_mark_is_no_part_of_a_heading(tmp_path):
    """Spreadsheets begin UTF-8 with one."""
    path = table(tmp_path / "rods.csv", rod_rows())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())

    assert by_phantom(path)


def test_validity_is_the_sites_to_state(tmp_path):
    """From the last change of the scanner, for as many days as the site says."""
    path = table(tmp_path / "rods.csv", rod_rows())
    (found,) = by_phantom(path, valid_from=date(2025, 1, 1), days=200)

    assert (found.valid_from, found.valid_until) == (date(2025, 1, 1), date(2026, 9, 17))


@pytest.mark.parametrize(
    ("validity", "sentence"),
    [
        ({"days": 30}, "expired on 2026-03-31: measure again"),
        ({"valid_from": date(2026, 4, 1)}, "lies after the measurement"),
    ],
)
def test_what_would_never_hold_is_not_written(tmp_path, validity, sentence):
    """Expired before it was made, or begun after."""
    with pytest.raises(CalibrationUnusable, match=sentence):
        by_phantom(table(tmp_path / "rods.csv", rod_rows()), **validity)


@pytest.mark.parametrize("heading", ["Patient ID", "patient_name", "PatientBirthDate", "name", "DOB", "mrn", "Surname"])
def test_columns_that_identify_patients_are_refused(tmp_path, heading):
    """Nobody ships them by accident; the message repeats the heading, no cell."""
    path = table(tmp_path / "rods.csv", rod_rows(**{heading: "Secret"}))
    with pytest.raises(CalibrationUnusable, match="identified a patient") as refused:
        by_phantom(path)

    assert "Secret" not in str(refused.value)


def exchanged(rods):
    """Density and HU in each other's column."""
    return [(hu, density) for density, hu in rods]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (rod_rows(exchanged(RODS)), "look exchanged"),
        (rod_rows(kvp="0"), "kVp 0 is outside"),
        (rod_rows(kvp="120 kV"), "line 2: kvp is '120 kV', no number"),
        (rod_rows(kvp=""), "line 2: kvp is empty"),
        (rod_rows(kvp="nan"), "no number"),
        (rod_rows(date="1.3.2026"), "no date such as 2026-03-01"),
        (rod_rows(date="2026-12-24"), "lies in the future"),
        (rod_rows(basis="HAP"), "basis is 'HAP', not HA or K2HPO4"),
        (rod_rows(rod_position="below"), "rod_position is 'below', not centre or edge"),
        (rod_rows(RODS[:2]), "at least 3"),
        (rod_rows(model="X" * 65), "model is longer than 64"),
        (rod_rows(station="X" * 65), "station is longer than 64"),
        (rod_rows(kernel="|"), "kernel names none"),
        (rod_rows(rod_hu_sdd="3"), "unknown column 'rod_hu_sdd'; did you mean rod_hu_sd"),
        (rod_rows(colour="red"), "unknown column 'colour'; known are"),
        (
            [*rod_rows(), *rod_rows(RODS[:1], water_equivalent_diameter_cm="30")],
            "differ in water_equivalent_diameter_cm",
        ),
    ],
)
def test_a_fault_in_the_table_is_told_with_its_place(tmp_path, rows, sentence):
    """File, line or scanner, and what is wrong."""
    path = table(tmp_path / "rods.csv", rows)
    with pytest.raises(CalibrationUnusable, match=sentence) as refused:
        by_phantom(path)

    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "column manufacturer is missing"),
        (b"manufacturer;model;station\nA;B;C\n", "semicolons"),
        (b"manufacturer,model\nA,B\n", "column station is missing"),
        (b"\xff\xfe\x00m", "UTF-8"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, content, sentence):
    """Empty, other separators, other encodings, missing columns."""
    path = tmp_path / "rods.csv"
    path.write_bytes(content)
    with pytest.raises(CalibrationUnusable, match=sentence):
        by_phantom(path)


def test_decimal_commas_are_noticed(tmp_path):
    """They make more cells than headings."""
    path = table(tmp_path / "rods.csv", rod_rows(rod_hu="66,5"))
    with pytest.raises(CalibrationUnusable, match="line 2: 12 cells under 11 headings; decimal signs are points"):
        by_phantom(path)


def test_headings_alone_are_no_measurement(tmp_path):
    """A table without rows is told as such, and so is one that is not there."""
    path = table(tmp_path / "rods.csv", rod_rows())
    path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n\n", encoding="utf-8")
    with pytest.raises(CalibrationUnusable, match="no rows"):
        by_phantom(path)
    with pytest.raises(CalibrationUnusable, match="cannot be read: No such file"):
        by_phantom(tmp_path / "none.csv")


def by_pairs(path, **facts):
    """The documents of a table of pairs."""
    return calibrate_by_pairs(path, Validity(), TODAY, **facts)


def test_pairs_become_a_document(tmp_path):
    """QCT = -2 + 1.05 x ours is a factor of 1/1.05; the time begins with the first pair."""
    rows = pair_rows(PAIRS)
    rows[7]["date"] = "2025-08-01"
    (found,) = by_pairs(table(tmp_path / "pairs.csv", rows), error_variance_ratio=0.5)

    assert (found.pairs, found.error_variance_ratio, found.basis) == (120, 0.5, "K2HPO4")
    assert found.slope_factor == pytest.approx(1 / 1.05, abs=1e-4)
    assert found.offset_hu == pytest.approx(2 * 1.277 / 1.05, abs=0.01)
    assert (found.valid_from, found.measured, found.valid_until) == (
        date(2025, 8, 1),
        date(2026, 3, 1),
        date(2027, 3, 1),
    )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (pair_rows(PAIRS[:99]), "99 pairs.*at least 100"),
        (pair_rows(PAIRS, phantom="Own"), "add a column basis"),
        (pair_rows(PAIRS, basis="HA"), "phantom Mindways states K2HPO4, the column basis says HA"),
        (pair_rows(PAIRS, kvp="0"), "kVp 0 is outside"),
        (pair_rows([(1.3 * ours, qct) for ours, qct in PAIRS]), "one of them in HU"),
        (pair_rows(PAIRS, **{"patient id": "7"}), "identified a patient"),
    ],
)
def test_a_fault_in_the_pairs_is_told(tmp_path, rows, sentence):
    """Too few, another scale, another unit."""
    with pytest.raises(CalibrationUnusable, match=sentence):
        by_pairs(table(tmp_path / "pairs.csv", rows))
