"""Readers who correct a result on its page: what follows, and what is refused."""

from dataclasses import replace

import pytest

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correction import Correction
from cds.reader import Reader
from tests.support.assessments import MEASURED_AT, a_correctable, a_result
from tests.support.reading_site import L1, L2, L3, NAME, READER, RESULT, T12

CORRECTABLE = a_result(
    assessment=a_correctable({T12: 80, L1: 82, L2: 98, L3: 84}, vbmd_mg_cm3=90.0, ci95_mg_cm3=(80.0, 100.0))
)


async def test_a_vertebra_is_left_out_and_the_value_computed_anew(launching):
    """The page offers what would follow, does it, and then says who, what, why and what it was before."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()
    assert "without it: 83 mg/cm3 (" in page.text
    assert "L1 is L2, and so on: " in page.text

    done = await launching.send(page, decision="correct", **{"out-L2": "fracture", "reason": "Old wedge <L2>."})
    after = (await launching.look()).text

    assert (done.status_code, done.headers["location"]) == (303, f"{launching.address}?lang=en")
    assert launching.decisions.told == [("corrected", CORRECTABLE.result_id, READER, "Old wedge <L2>.")]
    assert '<p class="value">83 mg/cm<sup>3</sup></p>' in after
    assert f"{NAME} corrected it on 2 Mar 2026: L2 left out (fracture). Old wedge &lt;L2&gt;." in after
    assert "Before, as software measured it: 90 mg/cm3 (80-100) from L1-L2." in after
    assert "A reader sees a fracture here and has left the vertebra out." in after


async def test_names_are_moved_by_one(launching):
    """All of them; what was L1 is L2 afterwards."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()

    await launching.send(page, decision="correct", renamed="1", reason="A rib was missed.")

    found = launching.site.store.read(CORRECTABLE.result_id)
    assert [each.level for each in found.assessment.levels] == [L1, L2, L3, VertebralLevel.L4]
    assert "every vertebra named one level lower" in (await launching.look()).text
    assert "所有椎体名称下移一节" in (await launching.look("zh")).text


async def test_what_cannot_be_corrected_honestly_is_not_offered(launching):
    """The result of an earlier version did not keep what it takes: the page says so, and offers to take it back."""
    page = await launching.launched()

    assert "did not keep what it takes to compute the value anew. Reject or retract the result instead." in page.text
    assert 'value="correct"' not in page.text
    forged = await launching.send(page, decision="correct", reason="So.", **{"out-L2": "fracture"})
    assert forged.status_code == 422
    assert "did not keep what it takes" in forged.text
    assert launching.site.store.read(RESULT.result_id).correction is None


async def test_nobody_decides_about_another_result_than_they_saw(launching):
    """Somebody else has corrected it since the page was opened: accepting it would accept what was never read."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()
    change = Change(((L2, "fracture"),))
    launching.decisions.correct(CORRECTABLE.result_id, Reader("Dr. Bo Second"), change, "Old.")
    launching.decisions.told.clear()

    assert (await launching.send(page, decision="accept")).status_code == 409
    assert (await launching.send(page, decision="accept", seen="")).status_code == 409
    assert launching.decisions.told == []
    fresh = await launching.look()
    assert (await launching.send(fresh, decision="accept")).status_code == 303


@pytest.mark.parametrize(
    "form",
    [
        {"reason": "So."},
        {"out-L2": "fracture"},
        {"out-L2": "fracture", "reason": " "},
        {"out-L2": "mood", "reason": "So."},
        {"out-S1": "fracture", "reason": "So."},
        {"renamed": "2", "reason": "So."},
        {"renamed": "0", "reason": "So."},
        {"out-L2": "fracture", "reason": "x" * 501},
    ],
)
async def test_a_correction_that_says_nothing_changes_nothing(launching, form):
    """No vertebra, no such reason, no such shift, or no word why."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()

    answer = await launching.send(page, decision="correct", **form)

    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text
    assert launching.decisions.told == []


@pytest.mark.parametrize("sent", [{"token": "0" * 64}, {"origin": "https://evil.test"}])
async def test_a_forged_correction_changes_nothing(launching, sent):
    """As with every form: refused, with an audit row."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()

    answer = await launching.send(page, decision="correct", reason="So.", **{"out-L2": "fracture"}, **sent)

    assert answer.status_code == 403
    assert launching.decisions.told == []
    assert ("reading", "form-refused") in launching.site.audit.outcomes


async def test_an_earlier_correction_is_told_where_it_does_not_hold(launching):
    """A newer measurement of the same CT was not corrected, and says so."""
    earlier = Correction(Change(((L2, "lesion"),)), "Dr. Ada", "Cement.", MEASURED_AT, 1, CORRECTABLE.assessment, "old")
    launching.site.store.put(replace(CORRECTABLE, corrected_before=earlier))

    page = (await launching.launched()).text

    assert "this one, by a newer version, was not:" in page
    assert "Dr. Ada corrected it on 2 Mar 2026: L2 left out (other than trabecular bone). Cement." in page
