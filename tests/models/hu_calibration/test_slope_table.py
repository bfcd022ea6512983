"""Slope tables: the numbers, their file, and what lies outside them."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hu_calibration.slope_table import OutsideTableError, SlopeTable, TableCorruptError, numbers_sha256

TABLE = SlopeTable.load()
REFERENCE = Path(__file__).parents[3].parent / "shared" / "calibration" / "lut_slopes.csv"
FILTRATIONS = {"light": "light", "std": "standard", "hard": "hard"}

kvps = st.floats(70, 150)
paths_cm = st.floats(10, 50)
bases = st.sampled_from(["K2HPO4", "HA"])
filtrations = st.sampled_from(["light", "standard", "hard", "tin-0.4", "tin-0.6"])


@pytest.mark.parametrize(
    ("kvp", "water_path_cm", "filtration", "basis", "expected"),
    [
        (80, 25, "standard", "K2HPO4", 1.902),
        (100, 20, "standard", "K2HPO4", 1.604),
        (110, 30, "standard", "HA", 1.324),
        (120, 20, "standard", "K2HPO4", 1.391),
        (120, 25, "standard", "K2HPO4", 1.328),
        (120, 30, "standard", "HA", 1.232),
        (120, 25, "light", "K2HPO4", 1.400),
        (120, 25, "hard", "HA", 1.211),
        (130, 25, "standard", "K2HPO4", 1.259),
        (140, 30, "standard", "K2HPO4", 1.157),
        (100, 25, "tin-0.4", "K2HPO4", 1.227),
        (100, 25, "tin-0.6", "K2HPO4", 1.175),
    ],
)
def test_slopes_agree_with_an_independent_computation(kvp, water_path_cm, filtration, basis, expected):
    """Slopes computed elsewhere from the same physics are met within 0.5 %."""
    slope = TABLE.slope_hu_per_mg_cm3(kvp, water_path_cm, filtration, basis)

    assert slope == pytest.approx(expected, rel=0.005)


def test_the_whole_reference_grid_is_met():
    """Every slope of the reference grid, 70 to 150 kVp and 16 to 40 cm, is met within 1 %."""
    if not REFERENCE.exists():
        pytest.skip("the reference grid ../shared/calibration/lut_slopes.csv is not here")
    rows = list(csv.DictReader(REFERENCE.read_text(encoding="utf-8").splitlines()))
    worst = max(
        abs(
            TABLE.slope_hu_per_mg_cm3(
                float(row["kVp"]), float(row["D_cm"]), FILTRATIONS[row["filter"].split()[1]], basis
            )
            / float(row[f"HU_per_mg_{basis}"])
            - 1
        )
        for row in rows
        for basis in ("K2HPO4", "HA")
    )

    assert len(rows) == 390
    assert worst < 0.01


@pytest.mark.parametrize(
    ("tissue", "kvp", "expected_hu"),
    [
        ("fat", 80, -123),
        ("fat", 120, -98),
        ("fat", 140, -92),
        ("muscle", 120, 43),
        ("blood", 80, 61),
        ("blood", 120, 56),
    ],
)
def test_tissues_read_what_their_composition_says(tissue, kvp, expected_hu):
    """Fat, muscle and blood read the HU that their composition implies at 25 cm of water."""
    assert TABLE.tissue_hu(tissue, kvp, 25) == pytest.approx(expected_hu, abs=1.0)


@given(kvps, kvps, paths_cm, filtrations, bases)
def test_higher_voltage_means_a_smaller_slope(one_kvp, other_kvp, path_cm, filtration, basis):
    """The slope falls with the tube voltage at every size and filtration."""
    low, high = sorted((one_kvp, other_kvp))

    assert (
        TABLE.slope_hu_per_mg_cm3(low, path_cm, filtration, basis)
        >= TABLE.slope_hu_per_mg_cm3(high, path_cm, filtration, basis) - 1e-12
    )


@given(kvps, paths_cm, paths_cm, filtrations, bases)
def test_a_larger_patient_means_a_smaller_slope(kvp, one_cm, other_cm, filtration, basis):
    """The slope falls with the water path at every voltage and filtration."""
    thin, thick = sorted((one_cm, other_cm))

    assert (
        TABLE.slope_hu_per_mg_cm3(kvp, thin, filtration, basis)
        >= TABLE.slope_hu_per_mg_cm3(kvp, thick, filtration, basis) - 1e-12
    )


@given(kvps, paths_cm)
def test_more_filtration_means_a_smaller_slope(kvp, path_cm):
    """The slope falls from light over standard and hard to tin filtration."""
    slopes = [TABLE.slope_hu_per_mg_cm3(kvp, path_cm, f) for f in ("light", "standard", "hard", "tin-0.4", "tin-0.6")]

    assert slopes == sorted(slopes, reverse=True)


def test_interpolation_is_accurate_between_nodes():
    """A node left out is met within 0.8 % from twice as far apart: a quarter of that at the true step."""
    coarse = SlopeTable(
        kvp=TABLE.kvp[::2],
        water_path_cm=TABLE.water_path_cm[::2],
        log_slopes={key: tuple(row[::2] for row in grid[::2]) for key, grid in TABLE.log_slopes.items()},
        tissues={},
        sha256="",
    )
    worst = max(
        abs(coarse.slope_hu_per_mg_cm3(k, d, f, b) / TABLE.slope_hu_per_mg_cm3(k, d, f, b) - 1)
        for b, f in TABLE.log_slopes
        for k in TABLE.kvp
        for d in TABLE.water_path_cm
    )

    assert worst < 0.008


@pytest.mark.parametrize(
    ("kvp", "water_path_cm"),
    [(69.9, 25), (150.1, 25), (0, 25), (float("nan"), 25), (120, 9.9), (120, 50.1), (120, float("inf"))],
)
def test_outside_the_table_there_is_no_number(kvp, water_path_cm):
    """Outside the computed range the table refuses and names the range."""
    with pytest.raises(OutsideTableError, match="outside the tabulated"):
        TABLE.slope_hu_per_mg_cm3(kvp, water_path_cm)


@pytest.mark.parametrize(("kvp", "water_path_cm"), [(70, 10), (150, 50), (70, 50), (150, 10)])
def test_the_corners_belong_to_the_table(kvp, water_path_cm):
    """The ends of both axes are inside."""
    assert TABLE.slope_hu_per_mg_cm3(kvp, water_path_cm) > 0


def test_a_changed_number_is_noticed():
    """One digit changed in the file is refused."""
    document = json.loads(files("models.hu_calibration").joinpath("slope_tables.json").read_text(encoding="utf-8"))
    document["slope_hu_per_mg_cm3"]["K2HPO4"]["standard"][3][4] += 0.001

    with pytest.raises(TableCorruptError, match="SHA-256"):
        SlopeTable.parse(json.dumps(document))


def test_the_file_says_where_its_numbers_come_from():
    """Provenance names libraries with versions, formula, date and sources."""
    document = json.loads(files("models.hu_calibration").joinpath("slope_tables.json").read_text(encoding="utf-8"))

    assert document["sha256"] == numbers_sha256(document) == TABLE.sha256
    assert set(document["provenance"]["libraries"]) == {"numpy", "spekpy", "xraydb"}
    assert {"built", "formula", "spectrum", "detector", "attenuation", "tissues"} <= set(document["provenance"])
