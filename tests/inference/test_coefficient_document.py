"""Coefficient files as somebody may have edited them: every fault is a sentence, none a number."""

import json
from datetime import date

import pytest

from cds.inference.coefficient_document import CoefficientFileError, read_document
from cds.inference.phantom_calibration import calibrate_by_phantom
from cds.inference.scanner_calibration import DocumentedFiltration, OnFile
from cds.inference.validity import Validity
from tests.support.coefficient_files import DOCUMENT, FILTRATION, TODAY, document, rod_rows, table

FILE = OnFile("ct1.json", "ab" * 32)


def read(text):
    """What a file says."""
    return read_document(text, FILE, TODAY)


def test_what_calibrate_writes_is_read_back(tmp_path):
    """Coefficients, scanner and time survive the file."""
    (made,) = calibrate_by_phantom(table(tmp_path / "rods.csv", rod_rows()), Validity(), TODAY)
    found = read(made.model_dump_json())

    assert found.coefficients.slope_factor == made.slope_factor
    assert found.coefficients.offset_sd_hu == made.offset_sd_hu
    assert (found.scanner.station, found.kvp, found.kernels) == ("CT1", 120.0, ("B30f",))
    assert (found.valid_from, found.valid_until) == (made.valid_from, made.valid_until)


def test_a_file_says_which_it_is():
    """Phantom, date, name and checksum, for the result."""
    assert read(document()).told == "phantom Solutions of 2026-03-01 (ct1.json, abababababab)"


def test_filtration_is_documented_by_hand():
    """Few keys: scanner, filtration, who says so."""
    found = read(document(FILTRATION))

    assert isinstance(found, DocumentedFiltration)
    assert (found.filtration, found.source) == ("light", "data sheet of 2021")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "no JSON"),
        ("[]", 'no "kind"'),
        (document(kind="fantom"), 'no "kind" that is one of phantom, pairs, filtration'),
        (document(slope_facter=0.95), "unknown key slope_facter: did you mean slope_factor"),
        (document(offset_mg_cm3=3.0), "unknown key offset_mg_cm3"),
        (document(slope_factor=None), "key slope_factor is missing"),
        (document(slope_factor="0.95"), 'slope_factor must be a number, not "0.95"'),
        (document(kvp="120"), 'kvp must be a number, not "120"'),
        (document(kvp=0), "kvp: input should be greater than or equal to 70, not 0"),
        (document(slope_factor=1.277), "not a slope in HU per mg/cm3"),
        (document(slope_factor=95), "not a percentage"),
        (document(slope_factor_sd=0), "slope_factor_sd of 0 is not believable"),
        (document(offset_hu=-1024), "offset of -1024.0 HU is not believable"),
        (document(measured="2026-13-01"), "measured"),
        (document(measured="2026-07-01", valid_from="2026-07-01"), "lies in the future"),
        (document(valid_until="2026-02-01"), "before it begins"),
        (document(valid_from="2027-04-01"), "before it begins"),
        (document(valid_until="2206-03-01"), "more than five years"),
        (document(schema_version=2), "schema_version"),
        (document(kernels=[]), "kernels"),
        (document(rods=2), "rods: input should be greater than or equal to 3, not 2"),
        (document(scanner={"manufacturer": "Maker"}), "key scanner.model is missing"),
        (
            document(scanner={"manufacturer": "A", "model": "B", "sation": "C"}),
            "unknown key scanner.sation: did you mean station",
        ),
        (document(FILTRATION, filtration="heavy"), "filtration"),
        (document(FILTRATION, slope_factor=0.9), "unknown key slope_factor"),
    ],
)
def test_faults_are_told_in_a_sentence(text, sentence):
    """Typos, units, text for numbers, dates, what no scanner has."""
    with pytest.raises(CoefficientFileError, match=sentence):
        read(text)


def test_of_many_faults_the_first_are_told():
    """And how many more there are."""
    empty = json.dumps({"kind": "phantom"})
    with pytest.raises(CoefficientFileError, match=f"and {len(DOCUMENT) - 1 - 3} more"):
        read(empty)


def test_an_expired_file_is_a_good_file():
    """It still tells about scans of its time."""
    past = document(measured="2024-03-01", valid_from="2024-01-01", valid_until="2025-03-01")

    assert read(past).valid_until == date(2025, 3, 1)
