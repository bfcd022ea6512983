"""Readers who are launched by an EHR: who they are, whose result they see, what they may do."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from joserfc.jwk import RSAKey

from cds.errors import ReviewOvertaken
from cds.pages.reading_ports import Site
from cds.refusals import ROWS_A_MINUTE
from tests.support.assessments import a_key, a_patient, a_result
from tests.support.hook_calls import SYSTEM
from tests.support.hook_site import a_site
from tests.support.launching_ehr import CLIENT_ID, ISS, a_fhir_patient
from tests.support.reading_site import NAME, READER, RESULT


async def test_a_reader_comes_from_the_ehr_and_sees_the_patients_result(launching):
    """By name on the page, by `fhirUser` in the audit rows of each step; the report has forms now."""
    page = await launching.launched()

    assert page.status_code == 200
    assert f"You are {NAME}, as your EHR says." in page.text
    assert READER not in page.text
    assert "70 mg/cm<sup>3</sup>" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert launching.site.audit.rows == [
        ("reader-launch", a_key(), "launched", RESULT.result_id),
        ("reading-page", a_key(), "shown", RESULT.result_id),
    ]
    assert launching.site.audit.callers == [READER, READER]


PERSON = {
    "resourceType": "Practitioner",
    "id": "7",
    "name": [{"use": "official", "family": "Reader", "given": ["Ada"]}],
}
ROLE = {"resourceType": "PractitionerRole", "id": "3", "practitioner": {"display": "Ada Reader"}}


@pytest.mark.parametrize(
    ("user", "known", "asked"),
    [
        pytest.param("Practitioner/7", PERSON, ["Practitioner/7"], id="relative"),
        pytest.param(READER, PERSON, ["Practitioner/7"], id="absolute"),
        pytest.param("PractitionerRole/3", ROLE, ["PractitionerRole/3"], id="role"),
    ],
)
async def test_a_name_that_the_id_token_lacks_is_read_once(launching, user, known, asked):
    """With the launch's token; the address still says who it is."""
    launching.ehr.name, launching.ehr.user, launching.ehr.practitioners = None, user, {asked[0]: known}

    page = await launching.launched()

    assert "You are Ada Reader, as your EHR says." in page.text
    assert launching.ehr.asked == asked
    assert launching.site.audit.callers == [f"{ISS}/{asked[0]}"] * 2


@pytest.mark.parametrize(
    ("user", "known", "asked"),
    [
        pytest.param("Practitioner/7", {}, 1, id="not found"),
        pytest.param("Practitioner/7", {"Practitioner/7": PERSON | {"id": "8"}}, 1, id="somebody else"),
        pytest.param("Practitioner/7", {"Practitioner/7": PERSON | {"name": []}}, 1, id="nameless"),
        pytest.param("https://elsewhere.test/r4/Practitioner/7", {"Practitioner/7": PERSON}, 0, id="another server"),
        pytest.param(f"{ISS}.evil.test/Practitioner/7", {"Practitioner/7": PERSON}, 0, id="another host"),
        pytest.param(f"{ISS}/../x/Practitioner/7", {"Practitioner/7": PERSON}, 0, id="another path"),
    ],
)
async def test_without_a_name_the_address_is_shown(launching, user, known, asked):
    """Nobody is kept out for want of a name, and the launch's token goes to no other server."""
    launching.ehr.name, launching.ehr.user, launching.ehr.practitioners = None, user, known

    page = await launching.launched()

    address = user if "://" in user else f"{ISS}/{user}"
    assert f"You are {address}: your EHR gives no name. What you decide is kept with this address." in page.text
    assert len(launching.ehr.asked) == asked


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


async def test_where_a_launch_ends_no_link_leads_to_another_reason(launching):
    """The address of the callback is good for once: in another language it would say something else."""
    launching.site.store.results.clear()

    for answer in (await launching.launched(), await launching.authorized("https://evil.test/r4")):
        assert answer.status_code in (403, 404)
        assert "?lang=" not in answer.text


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


async def test_the_card_names_the_result(launching):
    """Its appContext chooses among the patient's results."""
    older = launching.site.store.put(a_result(result_id="older"))
    launching.ehr.app_context = older.result_id

    await launching.launched()

    assert ("reader-launch", a_key(), "launched", "older") in launching.site.audit.rows


@pytest.mark.parametrize(
    "patient",
    [
        pytest.param({"identifier": [{"system": "http://hospital.example/mrn", "value": "PAT-0002"}]}, id="identifier"),
        pytest.param({"birthDate": "1951-04-04"}, id="birth date"),
        pytest.param({"gender": "male"}, id="sex"),
    ],
)
async def test_a_result_of_another_patient_is_never_shown(launching, patient):
    """Whatever appContext says: the launch context decides, and there is an audit row."""
    changed = a_fhir_patient(**patient)
    if "identifier" in patient:
        changed["identifier"][0]["system"] = a_fhir_patient()["identifier"][0]["system"]
    launching.ehr.patient = changed
    launching.ehr.app_context = RESULT.result_id

    answer = await launching.launched()

    assert answer.status_code == 403
    assert "mg/cm" not in answer.text
    assert ("identity-mismatch", "refused") in launching.site.audit.outcomes


async def test_a_patient_without_results_has_none(launching):
    """Said in words, with an audit row."""
    launching.site.store.results.clear()

    answer = await launching.launched()

    assert answer.status_code == 404
    assert launching.site.audit.outcomes == [("reader-launch", "no-result")]


OTHER_KEY = RSAKey.generate_key(2048, {"kid": "2026-1", "use": "sig"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"user": "Patient/pat-1"}, "no-practitioner"),
        ({"user": "RelatedPerson/3"}, "no-practitioner"),
        ({"user": "https://elsewhere.test/Practitioner/../Patient/1"}, "no-practitioner"),
        ({"claims": {"iss": "https://evil.test"}}, "id-token-issuer"),
        ({"claims": {"aud": "another-app"}}, "id-token-audience"),
        ({"claims": {"aud": [CLIENT_ID, "another-app"]}}, "id-token-audience"),
        ({"claims": {"exp": 1}}, "id-token-expired"),
        ({"claims": {"nonce": "of-yesterday"}}, "id-token-nonce"),
        ({"claims": {"nonce": "é"}}, "id-token-nonce"),
        ({"signs_with": OTHER_KEY}, "id-token-forged"),
        ({"configuration": {"code_challenge_methods_supported": ["plain"]}}, "ehr-without-pkce"),
        ({"configuration": {"token_endpoint": "http://ehr.test/token"}}, "ehr-endpoints-unusable"),
        ({"refuses": True}, "ehr-refused"),
        ({"patient": a_fhir_patient(active=False)}, "patient-uncertain"),
        ({"patient": a_fhir_patient(identifier=[])}, "patient-uncertain"),
    ],
)
async def test_a_launch_that_does_not_hold_names_nobody(launching, change, reason):
    """One page for all of them; why is in the audit log."""
    for name, value in change.items():
        setattr(launching.ehr, name, value)

    answer = await launching.launched()

    assert answer.status_code == 403
    assert "You could not be identified" in answer.text
    assert launching.site.audit.outcomes == [("reader-launch", reason)]
    assert "osteocds-reader" not in launching.browser.cookies


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


async def test_only_listed_ehrs_may_launch(launching):
    """No request goes to another address."""
    answer = await launching.authorized("https://evil.test/r4")

    assert answer.status_code == 403
    assert launching.site.audit.outcomes == [("reader-launch", "ehr-not-listed")]


@pytest.mark.parametrize(
    "change", ["another state", "no letter of a state", "another browser", "the same code again", "too late"]
)
async def test_an_answer_that_was_not_asked_for_is_refused(launching, change):
    """State, cookie and code belong together, once, and for ten minutes."""
    back = httpx.URL((await launching.authorized()).headers["location"])
    if change == "another state":
        back = back.copy_set_param("state", "forged")
    elif change == "no letter of a state":
        back = back.copy_set_param("state", "é")
    elif change == "another browser":
        launching.browser.cookies.clear()
    elif change == "the same code again":
        ((name, sealed),) = launching.browser.cookies.items()
        assert (await launching.browser.get(back)).status_code == 303
        launching.browser.cookies.set(name, sealed, domain="cds.test", path="/launch/callback")
    else:
        launching.site.clock.moment += timedelta(minutes=11)

    assert (await launching.browser.get(back)).status_code == 403


async def test_no_launch_without_a_listed_ehr():
    """The routes are not there."""
    site = a_site(None)
    async with site.client() as client:
        assert (await client.get("/launch")).status_code == 404
        assert (await client.get("/reading")).status_code == 404


def test_the_chart_of_the_fixture_is_the_patient_of_the_result():
    """So that a refusal above is for the reason that it names."""
    assert RESULT.patient == a_patient()
