"""The story of `cds.reconfirming`, on real databases: what registries, charts and hooks make of a study that went."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from cds.ct.patient import PatientKey
from cds.entered_in_error import withdrawal_code
from cds.errors import ArchiveUnavailable
from cds.gone import BELIEVED_GONE_AFTER
from cds.ports import Review, ScreenState
from cds.reconfirming import MAY_COME_BACK_WITHIN, Reconfirming
from cds.reporting.bundle import FhirPublisher
from cds.retraction import NO_LONGER_THERE, OF_ANOTHER_PATIENT
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.engine import open_engine
from cds.storage.history import SqlPatientHistory
from cds.storage.migrate import migrate
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.registry_tables import resources
from cds.storage.reviews import SqlReviews
from cds.storage.tables import audit, results
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.fakes import FakeOptOuts
from tests.support.screening_fakes import FakeArchive, FakeQueue, a_series

EVERY = timedelta(days=7)
PUBLISHER = FhirPublisher("Investigational.", "urn:oid:1.2.3")


@dataclass
class Site:
    """One archive, one database, and the errand between them."""

    engine: object
    archive: FakeArchive = field(default_factory=FakeArchive)
    clock: SettableClock = field(default_factory=lambda: SettableClock(MEASURED_AT))
    queue: FakeQueue = field(default_factory=lambda: FakeQueue(ScreenState("queued")))
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)

    def __post_init__(self):
        """Store and confirmations share the database."""
        self.store = SqlAssessmentStore(self.engine, self.clock)
        self.confirmations = SqlConfirmations(self.engine, self.clock)

    def publish(self, number=1, **facts):
        """A result, and the series that it was measured in."""
        patient = a_patient(PatientKey("default", f"PAT-{number}", "HOSPITAL"))
        series = a_series(number, patient)
        acquisition = replace(an_assessment().acquisition, study_uid=series.study_uid, series_uid=series.series_uid)
        usual = {"result_id": f"7f1c1a52-0c63-5a0e-9f5c-6d2f6c1f{number:04}", "measured_at": self.clock.now()}
        result = a_result(patient, replace(an_assessment(), acquisition=acquisition), **(usual | facts))
        self.archive.series.append(series)
        self.store.keep(result, PUBLISHER.render(result))
        return result

    def look(self, *, at_most=10, **later):
        """Time passes, then a worker looks."""
        self.clock.move_on(**later)
        Reconfirming(
            archive=self.archive,
            confirmations=self.confirmations,
            store=self.store,
            queue=self.queue,
            opt_outs=self.opt_outs,
            clock=self.clock,
            every=EVERY,
            at_most=at_most,
        ).look()

    def shown(self):
        """Ids of results that are shown."""
        with self.engine.connect() as connection:
            query = select(results.c.result_id).where(results.c.withdrawn_at.is_(None)).order_by(results.c.result_id)
            return list(connection.execute(query).scalars())

    def asked(self):
        """When the archive was last asked about each result."""
        with self.engine.connect() as connection:
            return {row.result_id: row.asked_at for row in connection.execute(select(results))}

    def audited(self):
        """Event and outcome of each audit row."""
        with self.engine.connect() as connection:
            return [(row.event, row.outcome, row.detail) for row in connection.execute(select(audit))]

    def registry_has(self, result):
        """Status and withdrawal code of what a registry pulls now, each once."""
        query = select(resources.c.body).where(
            resources.c.result_id == result.result_id,
            resources.c.superseded.is_(None),
            resources.c.type.in_(("Observation", "DiagnosticReport")),
        )
        with self.engine.connect() as connection:
            bodies = [json.loads(body) for body in connection.execute(query).scalars()]
        return {(each["status"], withdrawal_code(each)) for each in bodies}


@dataclass
class SlowArchive(FakeArchive):
    """Takes six seconds for each answer."""

    clock: SettableClock = field(default_factory=SettableClock)

    def standing(self, study_uid, series_uid, patient):
        """In time."""
        self.clock.move_on(seconds=6)
        return super().standing(study_uid, series_uid, patient)


on_both = pytest.mark.parametrize("site", ["sqlite", "postgresql"], indirect=True)
"""What the errand leaves to the database."""


@pytest.fixture
def site(request, tmp_path):
    """Nothing measured yet."""
    with a_database_with(migrate, getattr(request, "param", "sqlite"), tmp_path) as url:
        engine = open_engine(url)
        yield Site(engine)
        engine.dispose()


def test_what_is_held_stays_and_is_asked_about_once_in_a_while(site):
    """Before its turn not at all; afterwards it is noted when that was."""
    result = site.publish()
    site.look(days=6)
    early = site.asked()
    site.look(days=1)

    assert early == {result.result_id: MEASURED_AT}
    assert site.asked() == {result.result_id: site.clock.now()}
    assert site.shown() == [result.result_id]
    assert site.audited() == []


def test_a_hook_still_looks_for_newer_ct(site):
    """When it was last confirmed to whoever orders does not change."""
    result = site.publish()
    site.look(days=7)

    assert site.store.read(result.result_id).confirmed_at == MEASURED_AT


@on_both
def test_a_study_that_is_gone_for_a_day_withdraws_its_result(site):
    """Not at the first look; then for hooks, registries and charts, and audited once."""
    result = site.publish()
    site.archive.series = []
    site.look(days=7)
    assert site.registry_has(result) == {("preliminary", None)}
    site.look(hours=23)
    assert site.shown() == [result.result_id]
    site.look(hours=2)
    site.look(days=7)

    assert site.shown() == []
    assert site.registry_has(result) == {("entered-in-error", "no-longer-confirmed")}
    assert site.audited() == [("result-withdrawn", NO_LONGER_THERE, result.result_id)]


def test_a_series_that_was_rejected_is_gone_though_its_study_is_there(site):
    """The archive lists the study with another series."""
    site.publish()
    (series,) = site.archive.series
    site.archive.series = [replace(series, series_uid=f"{series.series_uid}.9")]
    site.look(days=7)
    site.look(days=1)

    assert site.shown() == []


def test_a_study_that_comes_back_within_a_day_was_never_gone(site):
    """Such as one that is deleted and stored anew, with a corrected header."""
    result = site.publish()
    held, site.archive.series = site.archive.series, []
    site.look(days=7)
    site.archive.series = held
    site.look(days=1)
    site.archive.series = []
    site.look(days=7)

    assert site.shown() == [result.result_id]


def test_a_study_of_another_patient_withdraws_at_once(site):
    """A wrong patient is the worst error."""
    result = site.publish()
    (series,) = site.archive.series
    site.archive.series = [replace(series, patient=replace(series.patient, patient_id="PAT-9"))]
    site.look(days=7)

    assert site.shown() == []
    assert site.registry_has(result) == {("entered-in-error", "no-longer-confirmed")}
    assert site.audited() == [("result-withdrawn", OF_ANOTHER_PATIENT, result.result_id)]


def test_an_archive_that_cannot_be_asked_withdraws_nothing(site):
    """However often; when it is back, the look goes on where it stopped."""
    results_of_site = [site.publish(number) for number in (1, 2)]
    site.archive.away = ArchiveUnavailable("away")
    for _ in range(3):
        with pytest.raises(ArchiveUnavailable):
            site.look(days=7)
    unasked = set(site.asked().values())
    site.archive.away = None
    site.look(minutes=1)

    assert unasked == {MEASURED_AT}
    assert set(site.asked().values()) == {site.clock.now()}
    assert site.shown() == [each.result_id for each in results_of_site]


@on_both
def test_a_study_that_comes_back_makes_the_result_valid_again(site):
    """Its patient is queued; measured anew it is shown, to registries too, and nobody has read it yet."""
    result = site.publish()
    accepted = Review("Dr. Ada Reader", "accepted", site.clock.now())
    reviewed = replace(result, review=accepted)
    assert SqlReviews(site.engine).keep(result.result_id, accepted, PUBLISHER.render(reviewed))
    held, site.archive.series = site.archive.series, []
    site.look(days=7)
    site.look(days=1)
    assert site.shown() == []
    site.archive.series = held
    site.look(days=7)
    (order,) = site.queue.submitted
    again = replace(result, measured_at=site.clock.now(), confirmed_at=site.clock.now())
    site.store.keep(again, PUBLISHER.render(again))

    assert order.patient.key == result.patient.key
    assert site.store.latest(result.patient.key) == again
    assert site.registry_has(result) == {("preliminary", None)}


@on_both
def test_what_a_reader_rejected_is_not_asked_about(site):
    """Nor what went long ago: a hook would find it."""
    result = site.publish()
    refused = Review("Dr. Ada Reader", "rejected", site.clock.now(), 1, "Wrong level.")
    SqlReviews(site.engine).keep(result.result_id, refused, PUBLISHER.render(replace(result, review=refused)))
    gone = site.publish(2)
    site.store.withdraw(gone.result_id, NO_LONGER_THERE)
    site.look(days=MAY_COME_BACK_WITHIN.days)

    assert site.queue.submitted == []


def test_whoever_has_opted_out_is_not_asked_about(site):
    """And neither stands in the way of others nor is noted as held: nobody has asked."""
    first, second = site.publish(1), site.publish(2)
    SqlOptOuts(site.engine, site.clock).add([first.patient.key])
    site.archive.series = []
    site.look(days=7, at_most=1)
    site.look(days=1, minutes=1, at_most=1)

    assert site.shown() == [first.result_id]
    assert site.store.read(second.result_id) is None
    history = SqlPatientHistory(site.engine).of(first.patient.key, site.clock.now(), timedelta(days=1))
    assert [each.result_id for each in history.being_checked] == [first.result_id]


def test_whoever_opts_out_meanwhile_is_not_asked_about_either(site):
    """Between the look and the question."""
    result = site.publish()
    site.opt_outs.patients.add(result.patient.key)
    site.archive.series = []
    site.look(days=7)
    site.look(days=2)

    assert site.shown() == [result.result_id]


@on_both
def test_the_longest_unasked_come_first_at_a_limited_pace(site):
    """Three results, one a minute."""
    ids = []
    for number in (1, 2, 3):
        ids.append(site.publish(number).result_id)
        site.clock.move_on(hours=1)
    order = []
    site.clock.move_on(days=7)
    for _ in range(3):
        before = site.asked()
        site.look(minutes=1, at_most=1)
        order += [each for each, at in site.asked().items() if at != before[each]]

    assert order == ids


@on_both
def test_of_several_workers_one_looks_each_minute(site):
    """The second finds that the turn is taken, whatever is left to do; a turn in the future holds nothing up."""
    site.publish(1)
    site.publish(2)
    site.look(days=7, at_most=1)
    site.look(at_most=1)
    after_two = sorted(site.asked().values())
    site.clock.move_on(days=-30)
    site.look(minutes=0)
    site.clock.move_on(days=30)
    site.look(minutes=1)

    assert after_two[0] == MEASURED_AT
    assert set(site.asked().values()) == {site.clock.now()}


def test_a_slow_archive_does_not_hold_up_other_errands(site):
    """Ten seconds a look at most; the next one goes on with the others."""
    for number in (1, 2, 3):
        site.publish(number)
    site.archive = SlowArchive(site.archive.series, clock=site.clock)
    site.look(days=7)
    first = sum(at != MEASURED_AT for at in site.asked().values())
    site.look(minutes=1)

    assert first == 2
    assert MEASURED_AT not in site.asked().values()


def test_what_a_wrong_clock_wrote_is_asked_about_again(site):
    """A result that was asked about next year would wait until then."""
    result = site.publish(confirmed_at=MEASURED_AT + timedelta(days=365))
    site.look(minutes=1)

    assert site.asked() == {result.result_id: site.clock.now()}


def test_no_patient_crosses_to_another(site):
    """A result of somebody else stays as it is."""
    site.publish(1)
    other = site.publish(2)
    site.archive.series = site.archive.series[1:]
    site.look(days=7)
    site.look(hours=BELIEVED_GONE_AFTER.total_seconds() / 3600)

    assert site.shown() == [other.result_id]
    assert site.store.latest(a_key("PAT-2")) is not None
