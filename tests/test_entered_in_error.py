"""Mirrors cds/entered_in_error.py."""

import json

import pytest

from cds.entered_in_error import IN_ERROR, entered_in_error, withdrawal_code
from cds.retraction import KINDS, WITHDRAWALS
from tests.reporting.golden_cases import rendered

WHY = "L1 was named <T12>"


def first(kind, name="assessed"):
    """A resource of the golden case, before anything was wrong with it."""
    return next(e["resource"] for e in json.loads(rendered(name))["entry"] if e["resource"]["resourceType"] == kind)


@pytest.mark.parametrize("code", WITHDRAWALS)
@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport"])
def test_status_code_and_words_say_that_it_is_wrong(kind, code):
    """For machines and for people."""
    wrong = entered_in_error(first(kind), WHY, code)

    assert (wrong["status"], withdrawal_code(wrong)) == (IN_ERROR, code)
    assert wrong["extension"][0]["valueCodeableConcept"]["text"] == WHY


def test_the_value_stays_beside_the_reason():
    """Whoever used it has to find out what was wrong."""
    before = first("Observation")
    wrong = entered_in_error(before, WHY, "wrong-level")

    assert wrong["valueQuantity"] == before["valueQuantity"]
    assert [each["text"] for each in wrong["note"]] == [
        *(each["text"] for each in before["note"]),
        f"Entered in error: {WHY}",
    ]


def test_no_sentence_of_a_withdrawn_report_is_left():
    """Neither conclusion nor narrative, category or rendition show what was wrong."""
    before = first("DiagnosticReport")
    wrong = entered_in_error(before, WHY, "wrong-patient")

    assert wrong["conclusion"] == f"Entered in error: {WHY}"
    assert "&lt;T12&gt;" in wrong["text"]["div"]
    assert wrong.keys() == before.keys() - {"conclusionCode", "presentedForm"} | {"extension"}
    assert "70.1" not in json.dumps(wrong)


def test_whoever_accepted_it_no_longer_answers_for_it():
    """A final result that is taken back names nobody."""
    for kind, element in (("Observation", "performer"), ("DiagnosticReport", "resultsInterpreter")):
        final = first(kind, "accepted")
        assert element in final
        assert element not in entered_in_error(final, WHY, "wrong-level")


def test_what_is_in_error_already_stays_as_it_is():
    """The first reason stands; so a repeat makes no new version."""
    wrong = entered_in_error(first("Observation"), WHY, "wrong-level")

    assert entered_in_error(wrong, "another", "wrong-value") is wrong


def test_what_is_not_withdrawn_has_no_code():
    """Nor do other extensions count."""
    assert withdrawal_code(first("Observation")) is None
    assert withdrawal_code({"extension": [{"url": "http://example.org", "valueString": "x"}]}) is None


def test_every_kind_of_retraction_has_a_code():
    """And something to show."""
    assert set(KINDS) < WITHDRAWALS.keys()
    assert all(WITHDRAWALS.values())
