"""Readers who are launched by an EHR: who they are, and whose result they see."""

from datetime import timedelta

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.support.assessments import a_key, a_patient, a_result
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


async def test_where_a_launch_ends_no_link_leads_to_another_reason(launching):
    """The address of the callback is good for once: in another language it would say something else."""
    launching.site.store.results.clear()

    for answer in (await launching.launched(), await launching.authorized("https://evil.test/r4")):
        assert answer.status_code in (403, 404)
        assert "?lang=" not in answer.text


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
