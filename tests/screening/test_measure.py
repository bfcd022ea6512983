"""Mirrors cds/screening.py, measure, and cds/measurement.py: one CT becomes one assessment."""

from dataclasses import replace
from datetime import date

import pytest

from cds.ct.patient import ArchivedPatient
from cds.ct.reason import NotAssessable, because
from cds.errors import StudyVanished
from cds.measurement import measure_first_assessable
from cds.screening import Choice
from tests.support.assessments import a_key, a_patient
from tests.support.screening_fakes import a_series


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
