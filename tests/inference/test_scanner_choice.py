"""Which file counts for a series: exact scanner, kVp and kernel, the newest that holds on the day of the scan."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.inference.coefficient_document import read_document
from cds.inference.scanner_calibration import OnFile
from cds.inference.scanner_choice import choose_site, prior_of
from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER
from models.hu_calibration.slope_table import SlopeTable
from tests.support.coefficient_files import FILTRATION, TODAY, document
from tests.support.dicom_builder import a_series

TABLE = SlopeTable.load()
SERIES = a_series(station_name="CT1", study_date=date(2026, 4, 1))


def entry(name="ct1.json", kind=None, **changes):
    """One file, read."""
    text = document(kind, **changes) if kind else document(**changes)
    return read_document(text, OnFile(name, "ab" * 32), TODAY)


CT1 = entry()
LIGHT = entry("light.json", FILTRATION)


def prior(series=SERIES, sites=(CT1,), documented=()):
    """What is known of the scanner."""
    return prior_of(sites, documented, series, TABLE)


def test_the_file_of_the_scanner_is_used():
    """Its coefficients, kind, and where they come from."""
    found = prior()

    assert (found.kind, found.slope_factor, found.offset_hu) == ("site", 0.95, 3.0)
    assert found.source == CT1.told


@pytest.mark.parametrize(
    "same",
    [
        {"manufacturer": "MAKER ", "model": "scanner  64"},
        {"kernel": "b30F"},
        {"kernel": "B31f"},
        {"kvp": 120.2},
        {"station_name": None, "device_serial_number": "ct1"},
    ],
)
def test_case_spaces_and_serial_numbers_do_not_hide_a_scanner(same):
    """Names are compared without case and extra spaces; each kernel of the file counts."""
    assert prior(replace(SERIES, **same)).kind == "site"


@pytest.mark.parametrize(
    "other",
    [
        {"manufacturer": "Other"},
        {"model": "Scanner 128"},
        {"model": None},
        {"station_name": "CT2"},
        {"station_name": None},
        {"kvp": 100.0},
        {"kvp": None},
        {"kernel": "B60f"},
        {"kernel": None},
        {"study_date": None},
        {"study_date": date(2025, 12, 31)},
        {"study_date": date(2027, 3, 2)},
    ],
)
def test_anything_else_is_an_unknown_scanner(other):
    """Another scanner, voltage, kernel or time, or one that is not recorded."""
    found = prior(replace(SERIES, **other))

    assert replace(found, source=UNKNOWN_SCANNER.source) == UNKNOWN_SCANNER


@given(st.dates(date(2025, 1, 1), date(2028, 1, 1)))
def test_first_and_last_day_belong_to_the_time(day):
    """Used on exactly the days from valid_from to valid_until."""
    used = prior(replace(SERIES, study_date=day)).kind == "site"

    assert used == (date(2026, 1, 1) <= day <= date(2027, 3, 1))


def test_a_file_that_does_not_hold_on_the_day_is_named():
    """The reason is in the source, not a silence."""
    assert "ct1.json holds from 2026-01-01 to 2027-03-01" in prior(replace(SERIES, study_date=date(2024, 1, 1))).source
    assert "on file" in prior(replace(SERIES, model="Other")).source


@given(st.permutations(["2026-01-05", "2026-02-01", "2026-03-01", "2026-03-15"]))
def test_the_newest_that_holds_counts(days):
    """Whatever the order of the files; one measured after the scan too, if it holds from before."""
    files = [entry(f"{day}.json", measured=day) for day in days]

    assert choose_site(files, SERIES).measured == date(2026, 3, 15)


def test_the_station_goes_before_the_model():
    """An older file of this very scanner is better than a newer one of its model."""
    model = entry("model.json", scanner={"manufacturer": "Maker", "model": "Scanner 64"}, measured="2026-05-01")

    assert choose_site([model, CT1], SERIES) is CT1
    assert choose_site([model, CT1], replace(SERIES, station_name="CT2")) is model


@pytest.mark.parametrize(("filtration", "steeper"), [("light", True), ("standard", None), ("hard", False)])
def test_documented_filtration_moves_and_narrows_the_slope_alone(filtration, steeper):
    """Light filtration is steeper, hard flatter; the offset stays unknown."""
    found = prior(sites=(), documented=(entry("d.json", FILTRATION, filtration=filtration),))

    assert found.kind == "documented"
    assert (found.slope_factor > 1, found.slope_factor < 1) == (steeper is True, steeper is False)
    assert found.slope_sd_fraction == DOCUMENTED_SCANNER.slope_sd_fraction < UNKNOWN_SCANNER.slope_sd_fraction
    assert (found.offset_hu, found.offset_sd_hu) == (UNKNOWN_SCANNER.offset_hu, UNKNOWN_SCANNER.offset_sd_hu)
    assert "data sheet of 2021" in found.source


def test_measured_goes_before_documented():
    """Filtration is for the protocols that nobody measured."""
    assert prior(documented=(LIGHT,)).kind == "site"
    assert prior(replace(SERIES, kvp=100.0), documented=(LIGHT,)).kind == "documented"
    assert prior(replace(SERIES, model="Other"), documented=(LIGHT,)).kind == "unknown"
