"""Mirrors cds/screening.py, choose: which CT is measured, and which results no longer stand."""

from dataclasses import replace
from datetime import date

import pytest

from cds.bone.assessment import PassedOver
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import NotAssessable, because
from cds.ports import NothingFound
from cds.screening import Choice, IdentityRefused, NoPrior
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.screening_fakes import a_refusal_of, a_series


def test_choice_is_ranked_and_limited(screening, archive):
    """At most three series, the most recent study first."""
    archive.series = [a_series(number, study_date=date(2025, number, 1)) for number in range(1, 6)]

    choice = screening.choose(an_order())

    assert [series.study_uid for series in choice.series] == ["1.2.3.5", "1.2.3.4", "1.2.3.3"]


def test_what_is_not_chosen_goes_into_the_record(screening, archive):
    """With its reason; of what was tried, the measurement says it."""
    best, second, thick = a_series(1), a_series(2, kernel="LUNG"), a_series(3, slice_thickness_mm=7.5)
    archive.series = [best, second, thick]
    archive.refused = {best.series_uid: NotAssessable((because("slices-missing", count=1, position_mm=12.0),))}

    choice = screening.choose(an_order())
    assessment = screening.measure(choice)

    assert [each.series_uid for each in choice.left_out] == [second.series_uid, thick.series_uid]
    assert [(each.series_uid, each.study_date) for each in assessment.passed_over] == [
        (second.series_uid, second.study_date)
    ]
    assert [each.series_uid for each in assessment.not_tried] == [thick.series_uid]


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
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), a_refusal_of(archive.series[0]))
    clock.move_on(hours=30)

    choice = screening.choose(an_order())

    assert choice == Choice(a_patient(), already=result_id)
    assert store.read(result_id).confirmed_at == clock.now()
    assert store.knows(a_key(), series_uid, GENERATION) == result_id


def test_one_look_confirms_every_ct_of_the_patient(screening, archive, store, clock):
    """A trend rests on all of them; what is no longer there, or another patient's, is not confirmed."""
    series = [a_series(number, study_date=date(2020 + number, 1, 1)) for number in range(1, 5)]
    archive.series = series
    ids = [screening.publish(Choice(a_patient(), (each,)), a_refusal_of(each)) for each in series]
    confirmed_at = store.read(ids[0]).confirmed_at
    store.held_at.clear()
    somebody_else = replace(series[1], patient=ArchivedPatient("PAT-0001", "HOSPITAL", date(1990, 1, 1), "male"))
    archive.series = [series[0], somebody_else, series[3]]
    clock.move_on(hours=30)

    screening.choose(an_order())

    assert store.held_at == {ids[0]: clock.now(), ids[3]: clock.now()}
    assert store.read(ids[0]).confirmed_at == confirmed_at


def test_result_of_the_second_best_series_is_confirmed_too(screening, archive, store, clock):
    """Where the best series could not be measured, the next one's result stands and is not measured for ever."""
    best, second = a_series(1), a_series(2, kernel="LUNG")
    archive.series = [best, second]
    refusal = a_refusal_of(second)
    measured = replace(refusal, passed_over=(PassedOver(best.series_uid, (because("no-vertebra-found"),)),))
    result_id = screening.publish(Choice(a_patient(), (best, second)), measured)
    clock.move_on(hours=30)

    assert screening.choose(an_order()) == Choice(a_patient(), already=result_id)
    assert store.read(result_id).confirmed_at == clock.now()


def test_better_series_that_was_never_tried_is_measured(screening, archive):
    """A newer CT is measured although an older one has a result."""
    old, new = a_series(1), a_series(2, study_date=date(2026, 1, 5))
    screening.publish(Choice(a_patient(), (old,)), a_refusal_of(old))
    archive.series = [old, new]

    assert screening.choose(an_order()).series == (new, old)


def test_result_that_aged_out_is_no_answer_any_more_and_stands(screening, archive, store, answering, clock):
    """Once the scan is older than the site accepts the answer is "no prior CT"; nothing was wrong with the result."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), a_refusal_of(archive.series[0]))
    clock.move_on(days=800)

    screening.choose(an_order())

    assert answering.answer(an_order()) == NoPrior(("scan-too-old",))
    assert store.read(result_id) is not None
    assert store.withdrawn == {}


def test_site_that_accepts_older_scans_again_has_its_result_back(screening, archive, store, clock):
    """What was set aside is known, and measured no second time."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), a_refusal_of(archive.series[0]))
    clock.move_on(days=800)
    screening.choose(an_order())

    assert replace(screening, max_scan_age_days=None).choose(an_order()).already == result_id
    assert store.latest(a_key()).result_id == result_id


def test_site_that_becomes_strict_shows_no_more_what_it_cannot_verify(screening, archive, store, answering):
    """A result from images without birth date and sex stands for those who have it, and is no answer any more."""
    unverified = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL"))
    archive.series = [unverified]
    result_id = screening.publish(Choice(a_patient(), (unverified,)), a_refusal_of(unverified))

    assert screening.choose(an_order()).series == ()
    assert answering.answer(an_order()) == IdentityRefused()
    assert store.read(result_id) is not None


def test_wrong_chart_withdraws_nothing(screening, archive, store):
    """An order whose birth date contradicts the images gets nothing, and takes nothing from the right patient."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), a_refusal_of(archive.series[0]))

    screening.choose(an_order(a_patient(birth_date=date(1990, 1, 1))))

    assert store.read(result_id) is not None


def test_corrected_archive_replaces_the_result(screening, archive, store):
    """When the archive corrects a birth date, the result filed under the wrong one is withdrawn."""
    right = archive.series
    wrong = replace(a_series(), patient=ArchivedPatient("PAT-0001", "HOSPITAL", date(1915, 4, 3), "female"))
    archive.series = [wrong]
    result_id = screening.publish(Choice(a_patient(), (wrong,)), a_refusal_of(wrong))
    archive.series = right

    assert screening.choose(an_order()).series == tuple(right)
    assert store.read(result_id) is None


@pytest.mark.parametrize(("hours", "stands"), [(0, True), (23, True), (24, False)])
def test_vanished_study_withdraws_its_result_after_a_day(screening, archive, store, answering, clock, *, hours, stands):
    """While the archive indexes anew an order finds nothing: no card, but nothing is entered in error."""
    result_id = screening.publish(Choice(a_patient(), tuple(archive.series)), a_refusal_of(archive.series[0]))
    archive.series = []
    screening.choose(an_order())
    clock.move_on(hours=hours)

    screening.choose(an_order())

    assert answering.answer(an_order()) == NoPrior(("no-prior-ct",))
    assert (store.read(result_id) is not None) == stands


def test_study_that_is_there_again_is_known_at_once(screening, archive, store, clock):
    """Its result was never withdrawn, and nothing is measured again."""
    there = archive.series
    result_id = screening.publish(Choice(a_patient(), tuple(there)), a_refusal_of(there[0]))
    for series in ([], there):
        archive.series = series
        clock.move_on(hours=20)
        choice = screening.choose(an_order())

    assert choice.already == result_id
    assert store.latest(a_key()).result_id == result_id


def test_every_result_of_the_patient_is_held_against_the_archive(screening, archive, store, clock):
    """Not only that of the newest scan."""
    old, new = a_series(1), a_series(2, study_date=date(2026, 1, 5))
    archive.series = [old, new]
    of_old, of_new = (screening.publish(Choice(a_patient(), (each,)), a_refusal_of(each)) for each in (old, new))
    archive.series = [new]
    for _ in range(2):
        screening.choose(an_order())
        clock.move_on(days=1)

    assert store.withdrawn.keys() == {of_old}
    assert store.latest(a_key()).result_id == of_new
