"""Mirrors cds/writing_back.py, on the real outbox in SQLite and PostgreSQL: what becomes of a result in a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ehr import EhrRefused, EhrUnavailable, PatientUnresolved, RemoteResource, Written
from cds.ports import Outgoing, Review
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.outbox import LEASE, SqlOutbox
from cds.storage.reviews import SqlReviews
from cds.writing_back import FIRST_WAIT, LONGEST_WAIT, EhrTarget, WritingBack, backoff, digest_of
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_refusal, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.fakes import FakeAudit, FakeOptOuts

RESULT = a_result()
ID = RESULT.result_id


@dataclass
class FakeEhr:
    """Keeps what it was told in a list; raises the faults first."""

    told: list[tuple[str, ...]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    there: set[str] = field(default_factory=set)
    replaced: list[RemoteResource | None] = field(default_factory=list)

    def write(self, outgoing: Outgoing) -> Written:
        """Once."""
        self._fail()
        existed = outgoing.result.result_id in self.there
        self.there.add(outgoing.result.result_id)
        self.replaced.append(outgoing.replaces)
        self.told.append(("write", outgoing.result.result_id))
        return Written((self._remote(outgoing),), existed)

    def amend(self, outgoing: Outgoing, remote: Sequence[RemoteResource], *, corrected: bool) -> Written:
        """Bring up to date."""
        del outgoing
        self._fail()
        self.told.append(("amend", "corrected" if corrected else "same value"))
        return Written(tuple(remote), existed=True)

    def take_back(self, outgoing: Outgoing, remote: Sequence[RemoteResource], why: str) -> Written:
        """With the reason."""
        self._fail()
        self.told.append(("take back", why))
        return Written(tuple(remote) or (self._remote(outgoing),), existed=True)

    def _remote(self, outgoing: Outgoing) -> RemoteResource:
        return RemoteResource("Observation", outgoing.result.result_id, f"ehr-{outgoing.result.generation}", "1")

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


@dataclass
class Site:
    """One service with one EHR."""

    engine: object
    ehr: FakeEhr = field(default_factory=FakeEhr)
    clock: SettableClock = field(default_factory=SettableClock)
    audit: FakeAudit = field(default_factory=FakeAudit)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    live: bool = True

    def __post_init__(self):
        """Store and outbox share the database."""
        self.store = SqlAssessmentStore(self.engine, self.clock)
        self.outbox = SqlOutbox(self.engine, self.clock)
        self.writing = WritingBack(
            {"north": EhrTarget(self.ehr, "default")},
            self.outbox,
            self.opt_outs,
            self.audit,
            self.clock,
            lambda: self.live,
        )

    def publish(self, result=RESULT):
        """As the publish step does."""
        self.store.keep(result, b"{}")
        self.writing.published(result)

    @property
    def delivery(self):
        """The only one of the usual result."""
        (only,) = self.outbox.of(ID)
        return only


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    """On both databases."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        engine = open_engine(url)
        yield Site(engine)
        engine.dispose()


def test_a_published_result_is_written_once(site):
    """However often it is published and delivered, and by however many workers."""
    site.publish()
    site.publish()
    for _ in range(3):
        site.writing.deliver()

    assert site.ehr.told == [("write", ID)]
    assert site.delivery.state == "written"
    assert site.delivery.remote[0].id.startswith("ehr-")
    assert site.audit.rows == [("write-back", a_key(), "written", f"north {ID}")]


@pytest.mark.parametrize("what", ["shadow", "opted out", "other tenant", "not assessable"])
def test_some_results_are_offered_to_nobody(site, what):
    """In shadow and off, of patients who opted out, of other tenants, and without a value unless wanted."""
    result = RESULT
    site.live = what != "shadow"
    if what == "opted out":
        site.opt_outs.patients.add(a_key())
    if what == "other tenant":
        result = a_result(a_patient(a_key(tenant="south")))
    if what == "not assessable":
        result = a_result(assessment=a_refusal())
    site.publish(result)
    site.live = True
    site.writing.deliver()

    assert not site.ehr.told
    assert not site.outbox.listed()


def test_nothing_is_written_while_no_service_is_live(site):
    """It waits; what is wrong in a chart is taken back all the same."""
    site.publish()
    site.live = False
    site.writing.deliver()
    assert not site.ehr.told
    site.live = True
    site.writing.deliver()
    site.live = False
    site.store.withdraw(ID, "the study is gone")
    site.writing.deliver()

    assert site.ehr.told == [("write", ID), ("take back", "the study is gone")]
    assert site.delivery.state == "taken-back"


def test_who_opts_out_before_it_is_written_is_left_alone(site):
    """It is not needed any more; it is still taken back where it was written before."""
    site.publish()
    site.opt_outs.patients.add(a_key())
    site.writing.deliver()

    assert not site.ehr.told
    assert (site.delivery.state, site.delivery.why) == ("not-needed", "the patient has opted out")


def test_a_review_is_passed_on(site):
    """Accepted: brought up to date. Rejected later: taken back, with the reader's reason."""
    site.publish()
    site.writing.deliver()
    reviews = SqlReviews(site.engine)
    reviews.keep(ID, Review("Dr. Ada Reader", "accepted", MEASURED_AT), b"{}")
    site.writing.deliver()
    reviews.keep(ID, Review("Dr. Ada Reader", "rejected", MEASURED_AT, 2, "Wrong level."), b"{}")
    site.writing.deliver()
    site.writing.deliver()

    assert site.ehr.told == [
        ("write", ID),
        ("amend", "same value"),
        ("take back", "rejected by a reader: Wrong level."),
    ]


def test_another_value_under_the_same_id_is_a_correction(site):
    """Withdrawn because the study was away, then found and measured again."""
    site.publish()
    site.writing.deliver()
    site.store.withdraw(ID, "the study is gone")
    site.writing.deliver()
    site.publish(a_result(assessment=an_assessment(vbmd_mg_cm3=91.0), measured_at=MEASURED_AT + timedelta(days=1)))
    site.writing.deliver()

    assert site.ehr.told[-1] == ("amend", "corrected")
    assert site.delivery.state == "written"


def test_a_measurement_by_another_generation_is_written_beside_the_one_before(site):
    """It names the Observation that it replaces."""
    site.publish()
    site.writing.deliver()
    newer = a_result(
        result_id="00000000-0000-4000-8000-000000000002",
        generation="spine-net-2",
        measured_at=MEASURED_AT + timedelta(days=1),
    )
    site.publish(newer)
    site.writing.deliver()

    assert site.ehr.told == [("write", ID), ("write", newer.result_id)]
    assert site.ehr.replaced[0] is None
    assert site.ehr.replaced[1].identifier == ID


def test_an_ehr_that_is_away_is_tried_again_later_and_later(site):
    """Nothing is lost; the wait doubles, and only after the wait it is tried."""
    site.publish()
    site.ehr.faults = [EhrUnavailable("the EHR answered 503") for _ in range(3)]
    for _ in range(3):
        site.writing.deliver()
        site.writing.deliver()
        assert site.delivery.state == "waiting"
        site.clock.moment = site.delivery.next_at
    site.writing.deliver()

    assert site.ehr.told == [("write", ID)]
    assert (site.delivery.state, site.delivery.attempts, site.delivery.why) == ("written", 0, "")


def test_an_ehr_that_is_away_is_left_alone_with_everything(site):
    """One failure holds the other results too; a conflict about one result does not."""
    other = a_result(a_patient(a_key("PAT-0002")), result_id="00000000-0000-4000-8000-000000000002")
    site.publish()
    site.publish(other)
    site.ehr.faults = [EhrUnavailable("429", timedelta(minutes=5))]
    site.writing.deliver()
    site.clock.move_on(minutes=4)
    site.writing.deliver()
    assert not site.ehr.told
    site.clock.move_on(minutes=1)
    site.ehr.faults = [EhrUnavailable("409", concerns_all=False)]
    site.writing.deliver()

    assert len(site.ehr.told) == 1


def test_what_cannot_be_done_for_weeks_is_given_up_and_shown(site, monkeypatch):
    """An operator may try again."""
    site.publish()
    monkeypatch.setattr("cds.writing_back.ATTEMPTS", 4)
    site.ehr.faults = [EhrUnavailable("the EHR answered 500") for _ in range(4)]
    while site.delivery.state == "waiting":
        site.clock.moment = max(site.delivery.next_at, site.clock.moment)
        site.writing.deliver()
    assert site.delivery.state == "given-up"
    assert site.delivery.why == "the EHR answered 500"

    assert site.outbox.retry(ID) == 1
    site.writing.deliver()
    assert site.delivery.state == "written"


def test_a_refusal_is_given_up_at_once(site):
    """And the others go on."""
    other = a_result(a_patient(a_key("PAT-0002")), result_id="00000000-0000-4000-8000-000000000002")
    site.publish()
    site.publish(other)
    site.ehr.faults = [EhrRefused("the EHR answered 422 (invalid at Observation.code)")]
    site.writing.deliver()

    assert sorted(each.state for each in site.outbox.listed()) == ["given-up", "written"]


def test_an_unresolved_patient_is_asked_for_each_day(site):
    """Kept, listed, not written; written once the EHR says who it is."""
    site.publish()
    site.ehr.faults = [PatientUnresolved("no active patient has the identifier on the EHR's server")]
    site.writing.deliver()
    assert site.delivery.state == "unresolved"
    site.clock.move_on(hours=23)
    site.writing.deliver()
    assert not site.ehr.told
    site.clock.move_on(hours=1)
    site.writing.deliver()

    assert site.ehr.told == [("write", ID)]


def test_what_was_never_tried_needs_no_taking_back(site):
    """The EHR is not even asked."""
    site.publish()
    site.store.withdraw(ID, "the study is gone")
    site.writing.deliver()

    assert not site.ehr.told
    assert site.delivery.state == "not-needed"


def test_what_may_have_been_written_by_a_worker_that_died_is_taken_back(site):
    """The claim is counted before anything is sent."""
    site.publish()
    assert site.outbox.claim("north", only_withdrawn=False) is not None  # and the worker dies
    site.store.withdraw(ID, "the study is gone")
    site.writing.deliver()
    assert not site.ehr.told  # still leased
    site.clock.moment += LEASE
    site.writing.deliver()

    assert site.ehr.told == [("take back", "the study is gone")]


def test_a_worker_that_lost_its_lease_changes_nothing(site):
    """Another one has taken over."""
    site.publish()
    slow = site.outbox.claim("north", only_withdrawn=False)
    site.clock.moment += LEASE
    site.writing.deliver()
    site.outbox.settle(slow, replace(slow.delivery, state="given-up"))

    assert site.delivery.state == "written"


def test_what_existed_before_is_brought_up_to_date(site):
    """The answer to a first write was lost, and a reader accepted the result since."""
    site.publish()
    site.ehr.there.add(ID)
    site.writing.deliver()

    assert site.ehr.told == [("write", ID), ("amend", "same value")]


@given(st.integers(1, 10_000))
def test_waits_grow_and_are_bounded(attempts):
    """Never shorter than the first, never longer than the longest, never shorter than the one before."""
    assert FIRST_WAIT <= backoff(attempts) <= backoff(attempts + 1) <= LONGEST_WAIT


def test_the_digest_says_whether_a_chart_would_show_something_else():
    """Value, interval, category, levels, reasons; not how long it took."""
    assessment = an_assessment()

    assert digest_of(assessment) == digest_of(replace(assessment, timing_s={}))
    for other in ({"vbmd_mg_cm3": 71.0}, {"category": "low"}, {"ci95_mg_cm3": (60.0, 75.3)}, {"levels_used": ()}):
        assert digest_of(assessment) != digest_of(replace(assessment, **other))
