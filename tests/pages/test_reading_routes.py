"""Readers who are launched by an EHR: who they are, whose result they see, what they may do."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx
import pytest
from joserfc.jwk import RSAKey

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correcting import Correcting
from cds.correction import Correction
from cds.errors import ReviewOvertaken
from cds.hooks.identity import IdentityRules, identity_of
from cds.pages.reading_routes import ReadingPorts
from cds.ports import Review
from cds.security.authorization_server import EhrDoor
from cds.security.launch_file import LaunchingEhr
from cds.security.sealed import SealedSessions, Sealer
from cds.security.smart_launch import SmartLaunch
from tests.support.assessments import MEASURED_AT, a_correctable, a_key, a_patient, a_result
from tests.support.clock import SettableClock
from tests.support.hook_site import a_site
from tests.support.launching_ehr import CLIENT_ID, ISS, LaunchingEhrServer, a_fhir_patient

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))
RESULT = a_result()
READER = f"{ISS}/Practitioner/7"
ORIGIN = "http://cds.test"
SECRET = b"s" * 32


@dataclass
class FakeDecisions:
    """Notes what readers decide, and does it to the store."""

    store: object
    told: list = field(default_factory=list)
    fault: Exception | None = None

    def review(self, result_id, reader, decision, reason=None):
        """Accept or reject."""
        if self.fault is not None:
            raise self.fault
        self.told.append((decision, result_id, reader, reason))
        result = self.store.read(result_id)
        if decision == "rejected":
            self.store.withdraw(result_id, reason)
        else:
            self.store.put(replace(result, review=Review(reader, "accepted", MEASURED_AT)))
        return result

    def correct(self, result_id, reader, change, reason):
        """As the service does, in the store of the test."""
        if self.fault is not None:
            raise self.fault
        self.told.append(("corrected", result_id, reader, reason))
        done = Correcting(self.store, self, self, self, SettableClock()).correct(result_id, reader, change, reason)
        return self.store.put(done)

    def keep(self, _result, _bundle):
        """As `Corrections`."""
        return True

    def render(self, _result):
        """As `ResultPublisher`."""
        return b"{}"

    def record(self, *_row, **_caller):
        """As `AuditLog`."""

    def retract(self, result, kind, reason, by):
        """Take back."""
        self.told.append(("retracted", result.result_id, by, f"{kind}: {reason}"))
        self.store.withdraw(result.result_id, reason)


class Launching:
    """A site that an EHR may launch, and a reader's browser in front of both."""

    def __init__(self):
        self.site = a_site(None)
        self.site.store.put(RESULT)
        self.ehr = LaunchingEhrServer(self.site.clock)
        self.decisions = FakeDecisions(self.site.store)
        rules = IdentityRules.from_settings(self.site.settings)
        self.site.reading = ReadingPorts(
            launch=SmartLaunch(
                ehrs=[LaunchingEhr(name="north", iss=ISS, client_id=CLIENT_ID, client_secret=None, tenant=None)],
                door=EhrDoor(self.ehr.transport()),
                sealer=Sealer(SECRET, "launch"),
                redirect_uri=f"{ORIGIN}/launch/callback",
                identity=lambda patient, _tenant, at: identity_of(patient, rules, at),
            ),
            sessions=SealedSessions(SECRET),
            decisions=self.decisions,
            store=self.site.store,
            audit=self.site.audit,
            clock=self.site.clock,
            origin=ORIGIN,
        )
        self.browser = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.site.app()), base_url=ORIGIN)

    async def authorized(self, iss=ISS):
        """Through the authorization server: where it sends the browser back to."""
        begun = await self.browser.get("/launch", params={"iss": iss, "launch": "abc"})
        if begun.status_code != 303:
            return begun
        async with httpx.AsyncClient(transport=self.ehr.transport()) as outside:
            return await outside.get(begun.headers["location"])

    async def launched(self):
        """Up to the reading page, or to where it ended."""
        back = await self.authorized()
        if "location" not in back.headers:
            return back
        answer = await self.browser.get(back.headers["location"])
        return await self.browser.get("/reading") if answer.status_code == 303 else answer

    async def send(self, page, origin=ORIGIN, **form):
        """One of the page's forms."""
        hidden = dict(re.findall(r'type="hidden" name="(token|seen)" value="([0-9a-f.]+)"', page.text))
        fields = {"token": ""} | hidden | form
        return await self.browser.post("/reading", data=fields, headers={"Origin": origin} if origin else {})


@pytest.fixture
async def launching():
    """All of it."""
    launching = Launching()
    yield launching
    await launching.browser.aclose()


async def test_a_reader_comes_from_the_ehr_and_sees_the_patients_result(launching):
    """Named by `fhirUser`; the report has forms now; each step has its audit row with the reader."""
    page = await launching.launched()

    assert page.status_code == 200
    assert f"You are {READER}, as your EHR says." in page.text
    assert "70 mg/cm<sup>3</sup>" in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert launching.site.audit.rows == [
        ("reader-launch", a_key(), "launched", RESULT.result_id),
        ("reading-page", a_key(), "shown", RESULT.result_id),
    ]
    assert launching.site.audit.callers == [READER, READER]


async def test_cookies_tell_nothing_and_cannot_be_made(launching):
    """Neither the reader's name nor the result's id can be read in them; a changed one opens nothing."""
    await launching.launched()
    sealed = launching.browser.cookies["osteocds-reading"]

    assert "Practitioner" not in sealed
    assert len(sealed.split(".")) == 5
    launching.browser.cookies.set("osteocds-reading", sealed[:-3] + "AAA", path="/reading")
    launching.browser.cookies.delete("osteocds-reading", domain="cds.test", path="/reading")
    refused = await launching.browser.get("/reading")
    assert refused.status_code == 403
    assert "mg/cm" not in refused.text


async def test_a_session_ends_after_half_an_hour(launching):
    """Then the reader comes from the EHR again."""
    page = await launching.launched()
    launching.site.clock.move_on(minutes=31)

    assert (await launching.browser.get("/reading")).status_code == 403
    assert (await launching.send(page, decision="accept")).status_code == 403
    assert launching.decisions.told == []


async def test_accepting_makes_the_result_final(launching):
    """In the reader's name; the page says so afterwards."""
    page = await launching.launched()

    done = await launching.send(page, decision="accept")

    assert (done.status_code, done.headers["location"]) == (303, "/reading")
    assert launching.decisions.told == [("accepted", RESULT.result_id, READER, None)]
    assert f"{READER} accepted it on" in (await launching.browser.get("/reading")).text


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
    after = (await launching.browser.get("/reading")).text

    assert (done.status_code, done.headers["location"]) == (303, "/reading")
    assert launching.decisions.told == [("corrected", CORRECTABLE.result_id, READER, "Old wedge <L2>.")]
    assert '<p class="value">83 mg/cm<sup>3</sup></p>' in after
    assert f"{READER} corrected it on 2 Mar 2026: L2 left out (fracture). Old wedge &lt;L2&gt;." in after
    assert "Before, as software measured it: 90 mg/cm3 (80-100) from L1-L2." in after
    assert "A reader sees a fracture here and has left the vertebra out." in after


async def test_names_are_moved_by_one(launching):
    """All of them; what was L1 is L2 afterwards."""
    launching.site.store.put(CORRECTABLE)
    page = await launching.launched()

    await launching.send(page, decision="correct", renamed="1", reason="A rib was missed.")

    found = launching.site.store.read(CORRECTABLE.result_id)
    assert [each.level for each in found.assessment.levels] == [L1, L2, L3, VertebralLevel.L4]
    assert "every vertebra named one level lower" in (await launching.browser.get("/reading")).text
    assert "所有椎体名称下移一节" in (await launching.browser.get("/reading?lang=zh")).text


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
    launching.decisions.correct(CORRECTABLE.result_id, "Dr. Bo Second", change, "Old.")
    launching.decisions.told.clear()

    assert (await launching.send(page, decision="accept")).status_code == 409
    assert (await launching.send(page, decision="accept", seen="")).status_code == 409
    assert launching.decisions.told == []
    fresh = await launching.browser.get("/reading")
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


@pytest.mark.parametrize(("decision", "told"), [("reject", "rejected"), ("retract", "retracted")])
async def test_what_is_wrong_is_withdrawn_with_its_reason(launching, decision, told):
    """And is shown no more, in this session either."""
    page = await launching.launched()

    done = await launching.send(page, decision=decision, kind="wrong-level", reason="It is T12.")

    assert done.status_code == 200
    assert "It is done" in done.text
    assert launching.decisions.told == [(told, RESULT.result_id, READER, "wrong-level: It is T12.")]
    assert (await launching.browser.get("/reading")).status_code == 410


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param({"token": "0" * 64, "decision": "accept"}, 403, id="another page's form"),
        pytest.param({"origin": "https://evil.test", "decision": "accept"}, 403, id="another site"),
        pytest.param({"origin": "null", "decision": "accept"}, 403, id="an origin that hides"),
        pytest.param({"decision": "delete"}, 400, id="no such decision"),
        pytest.param({"decision": "reject", "kind": "wrong-value", "reason": "  "}, 400, id="no reason"),
        pytest.param({"decision": "retract", "kind": "mood", "reason": "so"}, 400, id="no such kind"),
        pytest.param({"decision": "reject", "kind": "wrong-value", "reason": "x" * 501}, 400, id="too long"),
    ],
)
async def test_forms_that_do_not_hold_change_nothing(launching, sent, status):
    """And say so."""
    page = await launching.launched()

    answer = await launching.send(page, **sent)

    assert answer.status_code == status
    assert "Nothing was changed" in answer.text
    assert launching.decisions.told == []


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
    assert "osteocds-reading" not in launching.browser.cookies


async def test_only_listed_ehrs_may_launch(launching):
    """No request goes to another address."""
    answer = await launching.authorized("https://evil.test/r4")

    assert answer.status_code == 403
    assert launching.site.audit.outcomes == [("reader-launch", "ehr-not-listed")]


@pytest.mark.parametrize("change", ["another state", "another browser", "the same code again", "too late"])
async def test_an_answer_that_was_not_asked_for_is_refused(launching, change):
    """State, cookie and code belong together, once, and for ten minutes."""
    back = httpx.URL((await launching.authorized()).headers["location"])
    if change == "another state":
        back = back.copy_set_param("state", "forged")
    elif change == "another browser":
        launching.browser.cookies.clear()
    elif change == "the same code again":
        sealed = launching.browser.cookies["osteocds-launch"]
        assert (await launching.browser.get(back)).status_code == 303
        launching.browser.cookies.set("osteocds-launch", sealed, domain="cds.test", path="/launch")
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
