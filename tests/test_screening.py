"""The story of `cds.screening`, told on fakes."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cds.bone.assessment import PassedOver, Software
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import NotAssessable, because
from cds.errors import QueueUnavailable, StudyVanished
from cds.measurement import Instruments, measure_first_assessable
from cds.ports import NothingFound, ScreenState, Trouble
from cds.screening import (
    Answering,
    AnswerPolicy,
    Choice,
    IdentityRefused,
    Known,
    NoPrior,
    OptedOut,
    Pending,
    Screening,
    Unavailable,
)
from tests.support.assessments import GENERATION, a_key, a_patient, a_refusal, a_result, an_order
from tests.support.clock import SettableClock
from tests.support.fakes import FakeAudit, FakeOptOuts
from tests.support.screening_fakes import (
    FakeArchive,
    FakeCalibrator,
    FakeHealth,
    FakePublisher,
    FakeQueue,
    FakeSegmenter,
    MemoryStore,
    a_series,
)


@pytest.fixture
def clock():
    """A clock that the test moves."""
    return SettableClock()


@pytest.fixture
def store():
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def queue(clock):
    """A queue in which everything waits."""
    return FakeQueue(ScreenState("queued", clock.now()))


@pytest.fixture
def audit():
    """An empty audit log."""
    return FakeAudit()


@pytest.fixture
def answering(opt_outs, store, queue, audit, clock):
    """The fast path on fakes."""
    return Answering(opt_outs, store, queue, FakeHealth(), audit, clock, AnswerPolicy(GENERATION))


@pytest.fixture
def archive():
    """An archive with one good series."""
    return FakeArchive([a_series()])


@pytest.fixture
def opt_outs():
    """Nobody has opted out."""
    return FakeOptOuts()


@pytest.fixture
def screening(archive, store, audit, opt_outs, clock):
    """The slow path on fakes."""
    instruments = Instruments(archive, FakeSegmenter(), FakeCalibrator(), clock, Software("0", "fake", "00"))
    return Screening(
        instruments=instruments,
        store=store,
        publisher=FakePublisher(),
        audit=audit,
        opt_outs=opt_outs,
        generation=GENERATION,
        max_scan_age_days=730,
        allow_unverified_identity=False,
    )


@pytest.mark.parametrize("known", [True, False])
def test_of_who_has_opted_out_nothing_is_told_or_queued(answering, store, queue, opt_outs, known):
    """Whether or not something is known."""
    if known:
        store.keep(a_result(), b"")
    opt_outs.patients.add(a_patient().key)

    assert answering.answer(an_order()) == OptedOut()
    assert queue.submitted == []


def test_known_result_is_told_without_queueing(answering, store, queue):
    """A result that the archive confirmed lately is told at once, and no work is queued."""
    result = a_result()
    store.keep(result, b"")

    assert answering.answer(an_order()) == Known(result)
    assert queue.submitted == []


def test_unknown_patient_is_queued(answering, queue, clock):
    """Nothing known: the order is queued and the answer says since when."""
    assert answering.answer(an_order()) == Pending(clock.now())
    assert len(queue.submitted) == 1


def test_older_generation_is_told_and_measured_again(answering, store, queue):
    """A result of an older model is told, marked, and queued for a new measurement."""
    result = a_result(generation="old")
    store.keep(result, b"")

    assert answering.answer(an_order()) == Known(result, stale=True)
    assert len(queue.submitted) == 1


def test_result_not_confirmed_lately_is_not_shown(answering, store, queue, clock):
    """The link of study and patient is confirmed again before a result older than a day is shown."""
    store.keep(a_result(), b"")
    clock.move_on(hours=24, seconds=1)

    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_what_a_wrong_clock_wrote_is_not_taken_for_fresh(answering, store, queue, clock):
    """A confirmation from next year confirms nothing, and a search from next year is done again."""
    store.keep(a_result(confirmed_at=clock.now() + timedelta(days=365)), b"")
    store.keep_nothing_found(a_key("PAT-0002"), clock.now() + timedelta(days=365), ["no-prior-ct"])

    assert isinstance(answering.answer(an_order()), Pending)
    assert isinstance(answering.answer(an_order(a_patient(a_key("PAT-0002")))), Pending)
    assert len(queue.submitted) == 2


@pytest.mark.parametrize(
    "chart",
    [a_patient(birth_date=date(1951, 4, 4)), a_patient(sex="male")],
    ids=["another birth date", "another sex"],
)
def test_contradiction_reaches_no_chart(answering, store, queue, audit, chart):
    """A chart whose birth date or sex differs from the images' gets no value, and an audit row."""
    store.keep(a_result(), b"")

    assert answering.answer(an_order(chart)) == IdentityRefused()
    assert ("identity-mismatch", "refused") in audit.outcomes
    assert queue.submitted == []


@pytest.mark.parametrize("key", [a_key(issuer="OTHER"), a_key(tenant="other"), a_key("PAT-00010")])
def test_same_number_elsewhere_is_another_patient(answering, store, key):
    """The same PatientID under another issuer or tenant, or a longer one, is somebody else."""
    store.keep(a_result(), b"")

    assert isinstance(answering.answer(an_order(a_patient(key))), Pending)


def test_nothing_found_is_remembered_for_a_day(answering, store, queue, clock):
    """No usable prior CT is remembered for 24 h, then the archive is asked again."""
    store.keep_nothing_found(a_key(), clock.now(), ["no-prior-ct"])

    assert answering.answer(an_order()) == NoPrior(("no-prior-ct",))
    clock.move_on(hours=24, seconds=1)
    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_mismatch_is_soon_forgotten(answering, store, queue, clock):
    """A chart whose birth date was mended does not wait a day because of the wrong one before."""
    store.keep_nothing_found(a_key(), clock.now(), ["patient-mismatch"])

    assert answering.answer(an_order()) == NoPrior(("patient-mismatch",))
    clock.move_on(seconds=61)
    assert isinstance(answering.answer(an_order()), Pending)
    assert len(queue.submitted) == 1


def test_trouble_is_said_after_a_minute(answering, clock):
    """Archive or workers away: the order is queued all the same; after a minute the answer says why it waits."""
    trouble = Trouble("archive", clock.now())
    answering = replace(answering, health=FakeHealth(trouble))

    clock.move_on(seconds=59)
    assert isinstance(answering.answer(an_order()), Pending)
    clock.move_on(seconds=2)
    assert answering.answer(an_order()) == Unavailable(trouble)


def test_failed_measurement_is_never_silence(answering, queue, clock):
    """A screening that failed is said to have failed: no value must not look like no finding."""
    queue.now = ScreenState("failed", clock.now(), "out of memory")

    assert answering.answer(an_order()) == Unavailable(Trouble("measurement", clock.now()))


def test_measurement_that_hangs_is_never_silence(answering, queue, clock):
    """Running for over ten minutes is said to have failed."""
    queue.now = ScreenState("running", clock.now())

    clock.move_on(minutes=10)
    assert isinstance(answering.answer(an_order()), Pending)
    clock.move_on(seconds=1)
    assert isinstance(answering.answer(an_order()), Unavailable)


def test_queue_that_cannot_be_reached_is_said(answering, clock):
    """Work that cannot even be queued is unavailable, not pending."""

    class BrokenQueue(FakeQueue):
        def submit(self, order):
            del order
            raise QueueUnavailable("locked")

    answering = replace(answering, queue=BrokenQueue(ScreenState("none")))

    assert answering.answer(an_order()) == Unavailable(Trouble("queue", clock.now()))


def test_contradiction_is_looked_at_again_once_a_day(answering, store, queue, clock):
    """A refusal may come from an error that the archive has mended since: it is asked again after a day."""
    store.keep(a_result(), b"")
    clock.move_on(hours=25)

    assert answering.answer(an_order(a_patient(sex="male"))) == IdentityRefused()
    assert len(queue.submitted) == 1


def test_choice_is_ranked_and_limited(screening, archive):
    """At most three series, the most recent study first."""
    archive.series = [a_series(number, study_date=date(2025, number, 1)) for number in range(1, 6)]

    choice = screening.choose(an_order())

    assert [series.study_uid for series in choice.series] == ["1.2.3.5", "1.2.3.4", "1.2.3.3"]


def test_no_prior_ct_is_remembered(screening, archive, store):
    """An empty archive leaves nothing to measure, and that is remembered with its reason."""
    archive.series = []

    assert screening.choose(an_order()).series == ()
    assert store.latest(a_key()) == NothingFound(screening.instruments.clock.now(), ("no-prior-ct",))


@pytest.mark.parametrize(
    ("images", "code"),
    [
        (ArchivedPatient("PAT-0001", "HOSPITAL", date(1960, 1, 1), "female"), "patient-mismatch"),
        (ArchivedPatient("PAT-0001", "HOSPITAL", date(1951, 4, 3), "male"), "patient-mismatch"),
        (ArchivedPatient("PAT-0001", "OTHER", date(1951, 4, 3), "female"), "patient-mismatch"),
        (ArchivedPatient("PAT-0001", None, date(1951, 4, 3), "female"), "patient-mismatch"),
        (ArchivedPatient("PAT-0001", "HOSPITAL"), "identity-unverified"),
    ],
    ids=["birth date differs", "sex differs", "issuer differs", "issuer missing", "nothing to compare"],
)
def test_images_of_somebody_else_are_not_measured(screening, archive, store, images, code):
    """Images whose identity differs, or cannot be compared at all, are left alone, with the reason."""
    archive.series = [replace(a_series(), patient=images)]

    assert screening.choose(an_order()).series == ()
    assert store.latest(a_key()).reasons == (code,)


def test_site_may_accept_unverified_images(screening, archive):
    """A site that says so accepts images without birth date and sex ..."""
    archive.series = [replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL"))]
    lenient = replace(screening, allow_unverified_identity=True)

    assert len(lenient.choose(an_order()).series) == 1


def test_shared_identifier_outweighs_leniency(screening, archive, audit):
    """... but not once other images prove that two people share the identifier."""
    unverified = replace(a_series(1), patient=ArchivedPatient("PAT-0001", "HOSPITAL"))
    somebody_else = replace(a_series(2), patient=ArchivedPatient("PAT-0001", "HOSPITAL", date(1990, 1, 1), "male"))
    archive.series = [unverified, somebody_else]
    lenient = replace(screening, allow_unverified_identity=True)

    assert lenient.choose(an_order()).series == ()
    assert ("identity-mismatch", "refused") in audit.outcomes


def test_known_series_is_confirmed_not_measured_again(screening, archive, store, clock):
    """The same series under the same generation is free: its result is confirmed and stands."""
    series_uid = archive.series[0].series_uid
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), _refusal_of(archive.series[0]))
    clock.move_on(hours=30)

    choice = screening.choose(an_order())

    assert choice == Choice(a_patient(), already=result_id)
    assert store.read(result_id).confirmed_at == clock.now()
    assert store.knows(a_key(), series_uid, GENERATION) == result_id


def test_result_of_the_second_best_series_is_confirmed_too(screening, archive, store, clock):
    """Where the best series could not be measured, the next one's result stands and is not measured for ever."""
    best, second = a_series(1), a_series(2, kernel="LUNG")
    archive.series = [best, second]
    measured = replace(_refusal_of(second), passed_over=(PassedOver(best.series_uid, (because("no-vertebra-found"),)),))
    result_id = screening.publish(Choice(a_patient(), (best, second)), measured)
    clock.move_on(hours=30)

    assert screening.choose(an_order()) == Choice(a_patient(), already=result_id)
    assert store.read(result_id).confirmed_at == clock.now()


def test_better_series_that_was_never_tried_is_measured(screening, archive):
    """A newer CT is measured although an older one has a result."""
    old, new = a_series(1), a_series(2, study_date=date(2026, 1, 5))
    screening.publish(Choice(a_patient(), (old,)), _refusal_of(old))
    archive.series = [old, new]

    assert screening.choose(an_order()).series == (new, old)


def test_publishing_again_confirms(screening, archive, store, clock):
    """A result measured again under the same id counts as confirmed now."""
    choice = Choice(a_patient(), tuple(archive.series))
    result_id = screening.publish(choice, _refusal_of(archive.series[0]))
    clock.move_on(hours=30)

    screening.publish(choice, _refusal_of(archive.series[0]))

    assert store.read(result_id).confirmed_at == clock.now()


def test_result_that_aged_out_gives_way(screening, archive, store, answering, clock):
    """Once the scan is older than the site accepts, its result is withdrawn and the answer is "no prior CT"."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), _refusal_of(archive.series[0]))
    clock.move_on(days=800)

    screening.choose(an_order())

    assert store.read(result_id) is None
    assert answering.answer(an_order()) == NoPrior(("scan-too-old",))


def test_site_that_becomes_strict_withdraws_what_it_cannot_verify(screening, archive, store):
    """A result from images without birth date and sex ends when the site no longer accepts those."""
    unverified = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL"))
    archive.series = [unverified]
    result_id = screening.publish(Choice(a_patient(), (unverified,)), _refusal_of(unverified))

    screening.choose(an_order())

    assert store.read(result_id) is None
    assert store.latest(a_key()).reasons == ("identity-unverified",)


def test_wrong_chart_withdraws_nothing(screening, archive, store):
    """An order whose birth date contradicts the images gets nothing, and takes nothing from the right patient."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), _refusal_of(archive.series[0]))

    screening.choose(an_order(a_patient(birth_date=date(1990, 1, 1))))

    assert store.read(result_id) is not None


def test_corrected_archive_replaces_the_result(screening, archive, store):
    """When the archive corrects a birth date, the result filed under the wrong one is withdrawn."""
    wrong = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL", date(1915, 4, 3), "female"))
    result_id = screening.publish(Choice(a_patient(), (wrong,)), _refusal_of(wrong))

    assert screening.choose(an_order()).series == tuple(archive.series)
    assert store.read(result_id) is None


def test_vanished_study_withdraws_its_result(screening, archive, store):
    """A result whose study is no longer under the patient is not shown again."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), _refusal_of(archive.series[0]))
    archive.series = []

    screening.choose(an_order())

    assert store.read(result_id) is None


def test_next_series_is_tried_when_the_best_is_not_assessable(screening, archive):
    """Reasons of the best series stand only if none of the others can be measured."""
    archive.series = [a_series(1), a_series(2)]
    gap = NotAssessable((because("slices-missing", count=1, position_mm=12.0),))
    archive.refused = {series.series_uid: gap for series in archive.series}

    assessment = screening.measure(Choice(a_patient(), tuple(archive.series)))

    assert archive.retrieved == ["1.2.3.1.1", "1.2.3.2.1"]
    assert [reason.code for reason in assessment.reasons] == ["slices-missing"]
    assert assessment.acquisition.series_uid == "1.2.3.1.1"


def test_ct_without_vertebrae_is_not_assessable(screening, archive):
    """Nothing found by the segmenter is a result with a reason, never a value."""
    assessment = screening.measure(Choice(a_patient(), tuple(archive.series)))

    assert assessment.status == "not-assessable"
    assert "no-vertebra-found" in {reason.code for reason in assessment.reasons}
    assert {"read", "total"} <= set(assessment.timing_s)


def test_images_are_checked_after_retrieval(screening, archive):
    """What the search did not tell and the images do: another birth date, so nothing is measured."""
    series = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL", None, "female"))
    archive.series = [series]
    archive.images_say = {series.series_uid: ArchivedPatient("PAT-0001", "HOSPITAL", date(1990, 1, 1), "female")}

    assessment = screening.measure(Choice(a_patient(), (series,)))

    assert assessment.status == "not-assessable"
    assert [reason.code for reason in assessment.reasons] == ["patient-mismatch"]
    assert assessment.patient_check == "mismatch"


def test_images_of_somebody_else_are_no_result(screening, archive, store, audit):
    """A mismatch seen only in the images is audited and remembered briefly, never stored as a result."""
    series = archive.series[0]
    archive.images_say = {series.series_uid: ArchivedPatient("PAT-0001", "HOSPITAL", date(1990, 1, 1), "female")}
    choice = Choice(a_patient(), (series,))

    assert screening.publish(choice, screening.measure(choice)) is None
    assert store.results == {}
    assert store.latest(a_key()).reasons == ("patient-mismatch",)
    assert ("identity-mismatch", "refused") in audit.outcomes


def test_own_reasons_stand_before_those_of_somebody_else(screening, archive):
    """If the best series is somebody else's and the next one not assessable, the next one's reasons count."""
    other, own = a_series(1), a_series(2)
    archive.series = [other, own]
    archive.images_say = {other.series_uid: ArchivedPatient("PAT-0001", "HOSPITAL", date(1990, 1, 1), "female")}

    assessment = screening.measure(Choice(a_patient(), (other, own)))

    assert assessment.acquisition.series_uid == own.series_uid
    assert assessment.patient_check == "matched"


def test_chart_facts_are_not_taken_for_the_images(screening, archive, store):
    """The chart's birth date decides on age, and is not stored as what the images said."""
    series = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL", None, "female"))
    archive.series = [series]
    choice = Choice(a_patient(), (series,))

    result_id = screening.publish(choice, screening.measure(choice))

    assert store.read(result_id).patient.birth_date is None


def test_age_known_to_the_chart_alone_counts(screening, archive):
    """Images without a birth date: the chart's decides, here that the patient was a child."""
    series = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL", None, "female"))
    archive.series = [series]

    assessment = screening.measure(Choice(a_patient(birth_date=date(2015, 1, 1)), (series,)))

    assert "age-below-18" in {reason.code for reason in assessment.reasons}


def test_nothing_to_measure_is_an_error(screening):
    """A choice without series never reaches the measurement."""
    with pytest.raises(StudyVanished):
        measure_first_assessable(screening.instruments, a_patient(), ())


def test_publishing_twice_stores_once(screening, archive, store):
    """The same choice and assessment published again change nothing and give the same id."""
    choice = Choice(a_patient(), tuple(archive.series))

    first = screening.publish(choice, _refusal_of(archive.series[0]))
    second = screening.publish(choice, _refusal_of(archive.series[0]))

    assert first == second
    assert list(store.results) == [first]


def test_stored_identity_is_what_the_images_say(screening, archive, store):
    """Birth date and sex are kept as the images have them, so that a chart that changes is held against them."""
    chart = a_patient(birth_date=None)
    choice = Choice(chart, tuple(archive.series))

    result_id = screening.publish(choice, _refusal_of(archive.series[0]))

    assert store.read(result_id).patient.birth_date == archive.series[0].patient.birth_date


def test_confirmation_is_not_older_than_the_look(answering, store, clock):
    """A result is shown up to exactly the moment when its confirmation is a day old."""
    store.keep(a_result(confirmed_at=clock.now() - timedelta(hours=24)), b"")

    assert isinstance(answering.answer(an_order()), Known)


def _refusal_of(series):
    """Not assessable, of this series."""
    refusal = a_refusal()
    acquisition = replace(
        refusal.acquisition,
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        patient_birth_date=series.patient.birth_date,
        patient_sex=series.patient.sex,
    )
    return replace(refusal, acquisition=acquisition)


@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_who_opts_out_is_left_alone_from_then_on(screening, archive, store, step):
    """Whatever had been queued, chosen or measured before: nothing is looked up, retrieved or stored any more."""
    choice = screening.choose(an_order())
    assessment = screening.measure(choice)
    retrieved = list(archive.retrieved)
    screening.opt_outs.patients.add(a_patient().key)
    archive.series.clear()

    outcome = {
        "choose": lambda: screening.choose(an_order()).series or None,
        "measure": lambda: screening.measure(choice),
        "publish": lambda: screening.publish(choice, assessment),
    }[step]()

    assert outcome is None
    assert archive.retrieved == retrieved
    assert (store.results, store.nothing) == ({}, {})
    assert screening.audit.rows[-1] == ("screening", a_patient().key, "opted-out", step)


def test_who_has_opted_out_is_not_searched_for(screening, archive, opt_outs):
    """The archive is not even asked, though the order was queued before."""
    opt_outs.patients.add(a_patient().key)
    archive.find_series = None

    assert screening.choose(an_order()) == Choice(a_patient())


def test_who_opts_in_again_is_screened_at_once(screening, archive, opt_outs):
    """Nothing was remembered that would stand in the way."""
    opt_outs.patients.add(a_patient().key)
    screening.choose(an_order())
    opt_outs.patients.clear()

    assert screening.choose(an_order()).series == tuple(archive.series)


def test_voxels_are_offered_under_the_id_of_the_result(screening, archive):
    """Whoever keeps something of the voxels keeps it under the id that publishing gives the result."""
    kept = {}

    class Keeper:
        def keep(self, result_id, measured):
            kept[result_id] = measured

    keeping = replace(screening, keepers=(Keeper(),))
    choice = Choice(a_patient(), tuple(archive.series))
    assessment = keeping.measure(choice)

    assert list(kept) == [keeping.publish(choice, assessment)]
    assert kept[next(iter(kept))].assessment == assessment


def test_a_result_that_this_chart_cannot_confirm_is_not_shown(answering, store, audit):
    """Measured without a chart, as in a sweep; a chart without birth date and sex does not say whose it is."""
    store.keep(a_result(), b"")
    nameless = a_patient(birth_date=None, sex=None)
    trusting = replace(answering, policy=replace(answering.policy, allow_unverified_identity=True))

    assert answering.answer(an_order(nameless)) == IdentityRefused()
    assert ("identity-unverified", "refused") in audit.outcomes
    assert isinstance(trusting.answer(an_order(nameless)), Known)
