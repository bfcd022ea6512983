import csv

import pytest

from tests.hooks.traceability import README, STANDARD, exists, names_the_service, page, rows


def the_standards_list():
    """Every requirement of CDS Hooks 2.0."""
    if not STANDARD.is_file():
        pytest.skip(f"the standard's list of requirements is not at {STANDARD}")
    with STANDARD.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_every_requirement_on_the_service_has_a_row():
    """None is forgotten, none is made up, and each is as strong as the standard says."""
    asked = {int(each["id"]): each["conformance"] for each in the_standards_list() if names_the_service(each)}

    assert {row.id: row.conformance for row in rows()} == asked


def test_no_row_repeats_the_words_of_the_standard():
    """What a row says is ours; the standard's text stays where it is."""
    theirs = {int(each["id"]): " ".join(each["requirement"].split()) for each in the_standards_list()}

    assert not [row.id for row in rows() if row.says in theirs[row.id]]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"row-{row.id}")
def test_a_row_has_tests_or_a_reason(row):
    """One or the other, and the tests are there."""
    assert bool(row.tests) != bool(row.reason)
    assert [test for test in row.tests if not exists(test)] == []
    assert row.says


def test_numbers_stand_once():
    """Each requirement has one row."""
    numbers = [row.id for row in rows()]

    assert len(numbers) == len(set(numbers))


def test_a_test_that_is_not_there_is_noticed():
    """The law of the rows can fail: on a wrong file, a wrong name, and on a helper that is no test."""
    assert exists("tests/hooks/test_traceability.py::test_numbers_stand_once")
    assert not exists("tests/hooks/test_traceability.py::test_no_such_thing")
    assert not exists("tests/hooks/test_no_such_file.py::test_numbers_stand_once")
    assert not exists("tests/hooks/test_traceability.py::the_standards_list")


def test_the_page_is_current():
    """`python -m tests.hooks.traceability` writes it."""
    assert README.read_text("utf-8") == page()
