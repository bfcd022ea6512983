from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from cds.dicomweb.attributes import (
    DatasetAttributes,
    JsonAttributes,
    age_in_years,
    day,
    first_text,
    number,
    numbers,
    text,
    whole,
)
from tests.support.dicom_builder import written


class Given:
    """Attributes with one value for any keyword."""

    def __init__(self, *values):
        self._values = values

    def values(self, _keyword):
        """The given values."""
        return self._values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("1.5e2", 150.0),
        ("-.5", -0.5),
        ("+7.", 7.0),
        ("", None),
        ("2,5", None),
        ("abc", None),
        ("1_000", None),
        ("nan", None),
        ("1e999", None),
        ("120 kV", None),
    ],
)
def test_a_decimal_string_is_a_finite_number_or_nothing(value, expected):
    """Given a DS value, right or malformed, then it is read exactly or not at all."""
    assert expected == number(Given(value), "KVP")


def test_several_numbers_are_all_right_or_nothing():
    """Given one bad coordinate, then there is no position at all."""
    assert numbers(Given("1", "2", "3"), "ImagePositionPatient") == (1.0, 2.0, 3.0)
    assert numbers(Given("1", "", "3"), "ImagePositionPatient") is None
    assert numbers(Given(), "ImagePositionPatient") is None


def test_a_whole_number_has_no_fraction():
    """Given 2.5 where a count belongs, then there is no count."""
    assert whole(Given("3"), "Rows") == 3
    assert whole(Given("2.5"), "Rows") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20260504", date(2026, 5, 4)),
        ("2026.05.04", date(2026, 5, 4)),
        ("2026-05-04", date(2026, 5, 4)),
        ("20260230", None),
        ("00010101", None),
        ("202605", None),
        ("", None),
        ("today", None),
    ],
)
def test_a_date_is_a_real_day_or_nothing(value, expected):
    """Given a DA value, right, old-fashioned or impossible, then it is a day or None."""
    assert expected == day(Given(value), "StudyDate")


@pytest.mark.parametrize(
    ("value", "expected"), [("045Y", 45), ("018M", 1), ("100W", 1), ("400D", 1), ("45", None), ("", None), ("Y", None)]
)
def test_an_age_is_in_whole_years(value, expected):
    """Given an AS value in years, months, weeks or days, then whole years are told."""
    assert expected == age_in_years(Given(value), "PatientAge")


def test_absent_and_empty_are_told_apart():
    """Given an attribute that is absent, and one that is present and empty, then the values differ."""
    dataset = Dataset()
    dataset.ContrastBolusAgent = ""

    assert DatasetAttributes(dataset).values("ContrastBolusAgent") == ()
    assert DatasetAttributes(dataset).values("KVP") is None
    assert JsonAttributes({"00180010": {"vr": "LO"}}).values("ContrastBolusAgent") == ()
    assert JsonAttributes({}).values("ContrastBolusAgent") is None


def test_padding_is_trimmed_and_nothing_else():
    """Given a value padded with spaces and NUL, then only they go."""
    assert first_text(DatasetAttributes(_with(PatientID=" A  B \x00")), "PatientID") == "A  B"


def test_what_was_read_equals_what_was_made(tmp_path):
    """Given a dataset, when it is written and read again, then every attribute has the same values."""
    path = written(tmp_path)[0]
    made, read = dcmread(path), dcmread(path)
    for element in made:
        str(element.value)  # converts the raw bytes

    for keyword in ("Rows", "ImagePositionPatient", "PatientBirthDate", "ImageType", "KVP", "PatientSex"):
        assert DatasetAttributes(made).values(keyword) == DatasetAttributes(read).values(keyword)


def test_text_in_a_national_character_set_is_decoded(tmp_path):
    """Given Latin-1, UTF-8 and ISO 2022 text, then it is read as written."""
    for charset, words in (
        ("ISO_IR 100", "Thorax für Müller"),
        ("ISO_IR 192", "胸部"),
        (["", "ISO 2022 IR 87"], "胸部"),
    ):
        dataset = _with(SpecificCharacterSet=charset, SeriesDescription=words)
        dataset.save_as(tmp_path / "one", implicit_vr=True, little_endian=True)
        read = dcmread(tmp_path / "one", force=True)

        assert text(DatasetAttributes(read), "SeriesDescription") == words


@pytest.mark.filterwarnings("ignore:Unknown encoding")
def test_a_wrong_character_set_hides_nothing(tmp_path):
    """Given bytes that the named character set does not have, then something is read, and nothing raises."""
    dataset = _with(SpecificCharacterSet="ISO_IR 100", SeriesDescription="Müller")
    dataset.save_as(tmp_path / "one", implicit_vr=True, little_endian=True)
    damaged = (tmp_path / "one").read_bytes().replace(b"ISO_IR 100", b"ISO_IR 999")
    (tmp_path / "one").write_bytes(damaged)

    assert (text(DatasetAttributes(dcmread(tmp_path / "one", force=True)), "SeriesDescription") or "").startswith("M")


@given(
    st.recursive(st.none() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_json_is_read_without_an_exception(value):
    """Given whatever an archive may put into DICOM JSON, then it is text or nothing."""
    source = JsonAttributes({"00180060": {"vr": "DS", "Value": value}, "00080060": value})

    assert number(source, "KVP") is None or isinstance(number(source, "KVP"), float)
    assert text(source, "Modality") is None or isinstance(text(source, "Modality"), str)


def _with(**attributes):
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset
