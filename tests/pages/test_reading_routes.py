"""What readers see and may do once their EHR has launched them; how they come is in test_launch_routes.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cds.errors import ReviewOvertaken
from cds.pages.reading_ports import Site
from cds.refusals import ROWS_A_MINUTE
from tests.support.assessments import a_key, a_patient, a_result
from tests.support.hook_calls import SYSTEM
from tests.support.launching_ehr import a_fhir_patient
from tests.support.reading_site import NAME, READER, RESULT


async def test_two_readers_of_one_name_are_two(launching):
    """What one has decided since, the other has not seen."""
    first = await launching.launched()
    await launching.send(first, decision="accept")
    launching.ehr.user = "Practitioner/8"
    second = await launching.launched()
    launching.site.store.put(replace(RESULT, measured_at=RESULT.measured_at + timedelta(hours=1)))

    assert NAME in second.text
    assert (await launching.send(second, decision="accept")).status_code == 409


async def test_cookies_tell_nothing_and_cannot_be_made(launching):
    """Neither the reader's name nor the result's id can be read in them; a changed one opens nothing."""
    await launching.launched()
    sealed = launching.browser.cookies["osteocds-reader"]

    assert "Practitioner" not in sealed
    assert len(sealed.split(".")) == 5
    launching.browser.cookies.delete("osteocds-reader", domain="cds.test", path=launching.address)
    launching.browser.cookies.set("osteocds-reader", sealed[:-3] + "AAA", path=launching.address)
    refused = await launching.look()
    assert refused.status_code == 403
    assert "mg/cm" not in refused.text


async def test_a_session_ends_after_half_an_hour(launching):
    """Then the reader comes from the EHR again."""
    page = await launching.launched()
    launching.site.clock.move_on(minutes=31)

    assert (await launching.look()).status_code == 403
    assert (await launching.send(page, decision="accept")).status_code == 403
    assert launching.decisions.told == []


async def test_the_language_stays(launching):
    """From the page to the form's answer, and to the page after it; no link of an answer leads somewhere else."""
    await launching.launched()
    page = await launching.look("zh-Hans")
    after = await launching.send(page, decision="delete")
    done = await launching.send(page, decision="accept")
    gone = await launching.send(page, decision="reject", kind="wrong-value", reason="So.")

    assert "未作任何更改" in after.text
    assert f'href="{launching.address}?lang=zh-Hans"' in after.text
    assert done.headers["location"] == f"{launching.address}?lang=zh-Hans"
    assert "已完成" in gone.text
    assert all('class="languages"' not in each.text for each in (after, gone))


async def test_accepting_makes_the_result_final(launching):
    """In the reader's name; the page says so afterwards."""
    page = await launching.launched()

    done = await launching.send(page, decision="accept")

    assert (done.status_code, done.headers["location"]) == (303, f"{launching.address}?lang=en")
    assert launching.decisions.told == [("accepted", RESULT.result_id, READER, None)]
    assert f"{NAME} accepted it on" in (await launching.look()).text


async def test_a_tab_shows_what_it_was_opened_for(launching):
    """Two patients in one browser, launches interleaved: each page keeps to its own, and so does each form."""
    other = a_result(a_patient(a_key("PAT-0002")), result_id="of-another")
    launching.site.store.put(other)
    begun = await launching.authorized()
    launching.ehr.patient = a_fhir_patient(identifier=[{"system": SYSTEM, "value": "PAT-0002"}])
    of_other = await launching.launched()
    address_of_other = launching.address
    launching.ehr.patient = a_fhir_patient()
    first = await launching.browser.get(begun.headers["location"])
    launching.address = first.headers["location"].partition("?")[0]
    of_first = await launching.look("zh")

    assert "PAT-0002" in of_other.text
    assert "PAT-0001" in of_first.text
    assert "PAT-0001" not in f"{launching.address}{address_of_other}"
    assert "PAT-0002" in (await launching.browser.get(address_of_other)).text
    assert (await launching.send(of_other, decision="accept")).status_code == 303
    assert launching.decisions.told == [("accepted", "of-another", READER, None)]


async def test_a_cookie_opens_its_own_address_alone(launching):
    """At another session's address it names nobody, however it came there."""
    await launching.launched()
    mine, first = launching.browser.cookies["osteocds-reader"], launching.address
    launching.browser.cookies.clear()
    await launching.launched()
    launching.browser.cookies.clear()
    launching.browser.cookies.set("osteocds-reader", mine, domain="cds.test", path="/")

    refused = await launching.look()

    assert launching.address != first
    assert refused.status_code == 403
    assert launching.site.audit.rows[-1] == ("reading-page", None, "another-address", "")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_address_that_all_sessions_had_once_opens_nothing(launching, method):
    """Whatever cookie is left from then: the page says how to come back."""
    await launching.launched()
    launching.browser.cookies.set("osteocds-reading", "old", domain="cds.test", path="/reading")

    answer = await launching.browser.request(method, "/reading")

    assert answer.status_code == 403
    assert "Open the page again from your EHR." in answer.text


def test_a_service_below_the_root_of_its_host():
    """Cookies and forms stay below it."""
    site = Site("https://hospital.example/osteocds")

    assert site.origin == "https://hospital.example"
    assert site.path("launch", "callback") == "/osteocds/launch/callback"
    assert site.reading("place", "zh-Hans") == "/osteocds/reading/place?lang=zh-Hans"


@pytest.mark.parametrize(("decision", "told"), [("reject", "rejected"), ("retract", "retracted")])
async def test_what_is_wrong_is_withdrawn_with_its_reason(launching, decision, told):
    """And is shown no more, in this session either."""
    page = await launching.launched()

    done = await launching.send(page, decision=decision, kind="wrong-level", reason="It is T12.")

    assert done.status_code == 200
    assert "It is done" in done.text
    assert launching.decisions.told == [(told, RESULT.result_id, READER, "wrong-level: It is T12.")]
    assert (await launching.look()).status_code == 410


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param({"token": "0" * 64, "decision": "accept"}, 403, id="another page's form"),
        pytest.param({"token": "é", "decision": "accept"}, 403, id="no letter of a token"),
        pytest.param({"origin": "https://evil.test", "decision": "accept"}, 403, id="another site"),
        pytest.param({"origin": "null", "decision": "accept"}, 403, id="an origin that hides"),
        pytest.param({"decision": "delete"}, 400, id="no such decision"),
        pytest.param({"decision": "reject", "kind": "wrong-value", "reason": "  "}, 400, id="no reason"),
        pytest.param({"decision": "retract", "kind": "mood", "reason": "so"}, 400, id="no such kind"),
        pytest.param({"decision": "reject", "kind": "wrong-value", "reason": "x" * 501}, 400, id="too long"),
        pytest.param({"decision": "reject", "kind": "wrong-value", "reason": "a\0b"}, 400, id="no text"),
    ],
)
async def test_forms_that_do_not_hold_change_nothing(launching, sent, status):
    """And say so."""
    page = await launching.launched()

    answer = await launching.send(page, **sent)

    assert answer.status_code == status
    assert "Nothing was changed" in answer.text
    assert launching.decisions.told == []


NOT_SHOWN = {
    "opted-out": (410, "The patient has asked"),
    "being-checked": (503, "is being confirmed"),
    "gone": (410, "no longer shown"),
}


@pytest.mark.parametrize(
    "form", [{"decision": "accept"}, {"decision": "correct", "out-L2": "fracture", "reason": "Old."}]
)
@pytest.mark.parametrize("why", NOT_SHOWN)
async def test_what_may_not_be_shown_cannot_be_accepted(launching, why, form):
    """Nor corrected: the open page's form gets the answer that the page would get, and leaves a row."""
    page = await launching.launched()
    status, text = NOT_SHOWN[why]
    launching.no_longer_shown(why)

    answer = await launching.send(page, **form)

    assert answer.status_code == status
    assert text in answer.text
    assert launching.decisions.told == []
    assert launching.site.audit.rows[-1] == ("reading", a_key(), why, RESULT.result_id)
    assert launching.site.audit.callers[-1] == READER


@pytest.mark.parametrize("why", NOT_SHOWN)
@pytest.mark.parametrize(("decision", "told"), [("reject", "rejected"), ("retract", "retracted")])
async def test_what_may_not_be_shown_can_still_be_taken_back(launching, why, decision, told):
    """A wrong value does not stay in charts because the archive is away."""
    page = await launching.launched()
    launching.no_longer_shown(why)

    answer = await launching.send(page, decision=decision, kind="wrong-patient", reason="Another chest.")

    assert "It is done" in answer.text
    assert launching.decisions.told == [(told, RESULT.result_id, READER, "wrong-patient: Another chest.")]


async def test_a_decision_that_comes_too_late_is_told(launching):
    """Somebody else was faster."""
    page = await launching.launched()
    launching.decisions.fault = ReviewOvertaken("just now")

    assert (await launching.send(page, decision="accept")).status_code == 409


REFUSED = {
    "no session": (403, ("reading", None, "cookie-missing", ""), None),
    "another site": (403, ("reading", None, "form-refused", RESULT.result_id), READER),
    "incomplete": (400, ("reading", a_key(), "form-incomplete", RESULT.result_id), READER),
    "overtaken": (409, ("reading", a_key(), "overtaken", RESULT.result_id), READER),
    "uncorrectable": (422, ("reading", a_key(), "uncorrectable", f"{RESULT.result_id}: not-kept"), READER),
    "withdrawn": (410, ("reading", None, "gone", RESULT.result_id), READER),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_every_refused_form_leaves_a_row(launching, why):
    """With the reason, the reader where there is one, and the patient where that is known."""
    page = await launching.launched()
    status, row, caller = REFUSED[why]
    sent = {"decision": "accept"}
    if why == "no session":
        launching.browser.cookies.clear()
    elif why == "another site":
        sent |= {"origin": "https://evil.test"}
    elif why == "incomplete":
        sent = {"decision": "delete"}
    elif why == "overtaken":
        sent |= {"seen": "0"}
    elif why == "uncorrectable":
        sent = {"decision": "correct", "out-L2": "fracture", "reason": "Old."}
    else:
        launching.site.store.withdraw(RESULT.result_id, "wrong")

    answer = await launching.send(page, **sent)

    assert answer.status_code == status
    assert (launching.site.audit.rows[2:], launching.site.audit.callers[2:]) == ([row], [caller])


async def test_a_look_without_a_session_leaves_a_row_and_many_fill_no_disk(launching):
    """An allowance a minute, and what readers do has one of its own."""
    page = await launching.launched()
    sealed = launching.browser.cookies["osteocds-reader"]
    launching.browser.cookies.clear()
    for _ in range(ROWS_A_MINUTE + 3):
        assert (await launching.look()).status_code == 403
    launching.browser.cookies.set("osteocds-reader", sealed, domain="cds.test", path=launching.address)
    await launching.send(page, decision="delete")
    launching.site.clock.move_on(seconds=60)
    launching.browser.cookies.clear()
    await launching.look()

    rows = launching.site.audit.rows[2:]
    assert rows[:ROWS_A_MINUTE] == [("reading-page", None, "cookie-missing", "")] * ROWS_A_MINUTE
    assert [(outcome, detail) for _, _, outcome, detail in rows[ROWS_A_MINUTE:]] == [
        ("form-incomplete", RESULT.result_id),
        ("cookie-missing", "3 earlier refusals have no row"),
    ]
