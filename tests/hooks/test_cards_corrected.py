"""Cards about results that a reader corrected or accepted."""

from dataclasses import replace

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.corrected_column import Change
from cds.bone.correction import corrected
from cds.correction import Correction
from cds.ports import Review
from cds.screening import Known
from tests.support.assessments import a_correctable, a_result
from tests.support.hook_cards import ASKED, LATER, a_maker, cards
from tests.support.hook_cases import NOW

MEASURED = a_correctable({Level.T12: 80, Level.L1: 82, Level.L2: 98, Level.L3: 84}, vbmd_mg_cm3=90.0)
CHANGE = Change(((Level.L2, "fracture"),))


def a_corrected_result(**facts):
    """Read by somebody, who left L2 out."""
    correction = Correction(CHANGE, "Dr. *Ada* Reader", "Old wedge.", NOW, 1, MEASURED, "generation")
    review = Review("Dr. *Ada* Reader", "corrected", NOW, reason="Old wedge.")
    assessment = corrected(MEASURED, CHANGE)
    return replace(a_result(assessment=replace(assessment, **facts)), review=review, correction=correction)


def test_a_card_says_that_a_reader_corrected_it_and_what_it_was():
    """In the summary, and with name, reason and the earlier value in the detail."""
    (card,) = cards(Known(a_corrected_result()))

    assert card["summary"].startswith("Corrected by a reader: earlier CT (14 Sep 2025): L1-L2 bone density 83 mg/cm3")
    assert (
        "- Corrected by Dr. &#42;Ada&#42; Reader on 2 Mar 2026: L2 left out (fracture); Old wedge. "
        "Before, as software measured it: 90 mg/cm3 from L1-L2.\n" in card["detail"]
    )
    assert "Measured by software, corrected by Dr. &#42;Ada&#42; Reader on 2 Mar 2026." in card["detail"]
    assert "L2 | 98" in card["detail"]


def test_a_card_names_who_accepted_it():
    """An accepted result is not called preliminary."""
    (card,) = cards(Known(replace(a_result(), review=Review("Dr. Ada", "accepted", NOW))))

    assert "Measured by software, accepted by Dr. Ada on 2 Mar 2026." in card["detail"]
    assert "Preliminary" not in card["detail"]


def test_a_newer_measurement_says_that_an_earlier_one_was_corrected():
    """It does not carry the correction over in silence, nor drop it in silence."""
    correction = a_corrected_result().correction
    (card,) = cards(Known(replace(a_result(), corrected_before=correction)))

    assert (
        "- This newer measurement of the same CT was not corrected; an earlier one was: Corrected by" in card["detail"]
    )
    assert card["summary"].startswith("Earlier CT")


def test_who_was_told_otherwise_is_told_what_holds_now():
    """A value above 120 deserves no card by itself; who saw another one before the correction gets one, once."""
    maker = a_maker()
    normal = a_corrected_result(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0))
    assert cards(Known(normal), maker) == []
    (_,) = cards(Known(a_result()), maker)

    (card,) = cards(Known(normal), maker, LATER)

    assert card["summary"].startswith("Corrected by a reader: earlier CT (14 Sep 2025): L1-L2 bone density 140 mg/cm3")
    assert cards(Known(normal), maker, replace(ASKED, hook_instance="call-3")) == []
