"""Mirrors cds/storage/assessments.py: what is kept, what is found again, and for whom."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from cds.ct.patient import PatientIdentity, PatientKey
from cds.ports import AuditRow, NothingFound
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.patient_memory import SqlPatientMemory
from cds.storage.tables import audit, nothing_found, results
from tests.support.assessments import (
    GENERATION,
    MEASURED_AT,
    a_contrast_assessment,
    a_key,
    a_patient,
    a_refusal,
    a_result,
    an_assessment,
    scanned_on,
)
from tests.support.clock import SettableClock


@pytest.fixture
def store(engine, clock):
    """A store on an empty, migrated database."""
    return SqlAssessmentStore(engine, clock)


@pytest.mark.parametrize("assessment", [an_assessment(), a_contrast_assessment(), a_refusal(), scanned_on(None)])
def test_a_kept_result_is_found_again_as_it_was(store, assessment):
    """By patient and by id, with its bundle."""
    kept = a_result(assessment=assessment)
    store.keep(kept, b'{"resourceType":"Bundle"}')

    assert store.latest(a_key()) == kept
    assert store.read(kept.result_id) == kept
    assert store.bundle(kept.result_id) == b'{"resourceType":"Bundle"}'


def test_nothing_is_known_of_a_stranger(store):
    """None is different from "looked, and found nothing"."""
    assert store.latest(a_key()) is None
    assert store.read("no-such-id") is None
    assert store.bundle("no-such-id") is None
    assert store.knows(a_key(), "1.2.3", GENERATION) is None


def test_the_newest_scan_counts_not_the_newest_measurement(store):
    """An old CT measured today does not hide last year's."""
    recent = a_result(assessment=scanned_on(date(2025, 9, 14)), result_id="recent")
    old = a_result(
        assessment=scanned_on(date(2023, 1, 1)), result_id="old", measured_at=MEASURED_AT + timedelta(days=1)
    )
    undated = a_result(assessment=scanned_on(None), result_id="undated", measured_at=MEASURED_AT + timedelta(days=2))
    for result in (recent, old, undated):
        store.keep(result, b"{}")

    assert store.latest(a_key()) == recent


def test_of_one_scan_the_newest_measurement_counts(store, clock):
    """A newer model's result replaces the older one's in answers; both are kept."""
    clock.move_on(days=1)
    older = a_result(result_id="older", generation="1")
    newer = a_result(result_id="newer", generation="2", measured_at=MEASURED_AT + timedelta(days=1))
    store.keep(newer, b"{}")
    store.keep(older, b"{}")

    assert store.latest(a_key()) == newer
    assert store.read("older") == older


def test_keeping_the_same_id_again_changes_nothing(store):
    """A publish that runs twice leaves what the first one stored."""
    first = a_result()
    store.keep(first, b'{"id":"first"}')
    store.keep(a_result(assessment=a_refusal(), measured_at=MEASURED_AT + timedelta(hours=1)), b'{"id":"second"}')

    assert store.latest(a_key()) == first
    assert store.bundle(first.result_id) == b'{"id":"first"}'


def test_a_result_is_known_by_patient_series_and_generation(store):
    """Each of the three must agree."""
    kept = a_result()
    series_uid = kept.assessment.acquisition.series_uid
    store.keep(kept, b"{}")

    assert store.knows(a_key(), series_uid, GENERATION) == kept.result_id
    assert store.knows(a_key(), "1.2.3", GENERATION) is None
    assert store.knows(a_key(), series_uid, "another") is None
    assert store.knows(a_key(issuer="ELSEWHERE"), series_uid, GENERATION) is None


def test_a_withdrawn_result_is_neither_shown_nor_known(store):
    """The one before it counts again."""
    before = a_result(assessment=scanned_on(date(2024, 5, 1)), result_id="before")
    wrong = a_result(result_id="wrong")
    store.keep(before, b"{}")
    store.keep(wrong, b"{}")
    store.withdraw("wrong", "the study is gone")

    assert store.latest(a_key()) == before
    assert store.read("wrong") is None
    assert store.bundle("wrong") is None
    assert store.knows(a_key(), wrong.assessment.acquisition.series_uid, GENERATION) == "before"


def test_a_withdrawn_result_is_kept_with_the_first_reason(store, engine, clock):
    """Nothing is deleted: someone will ask what was shown."""
    store.keep(a_result(), b"{}")
    store.withdraw(a_result().result_id, "the study is gone")
    store.withdraw(a_result().result_id, "another reason")

    with engine.connect() as connection:
        row = connection.execute(results.select()).one()
    assert (row.withdrawn_why, row.withdrawn_at) == ("the study is gone", clock.now())


def test_a_study_that_came_back_is_shown_again(store):
    """Found and measured anew, under the same id, after a withdrawal."""
    again = a_result(measured_at=MEASURED_AT + timedelta(days=3))
    store.keep(a_result(), b'{"id":"first"}')
    store.withdraw(a_result().result_id, "the study is gone")
    store.keep(again, b'{"id":"second"}')

    assert store.latest(a_key()) == again
    assert store.bundle(again.result_id) == b'{"id":"second"}'


def test_a_note_is_kept_with_what_it_says_or_not_at_all(store, engine):
    """Each change once, and nothing for a repeat that changes nothing."""
    again = a_result(measured_at=MEASURED_AT + timedelta(days=3))
    for result in (a_result(), a_result()):
        store.keep(result, b"{}", AuditRow("result-published", a_key(), "assessed", "first"))
    for _ in range(2):
        store.withdraw(again.result_id, "gone", AuditRow("result-withdrawn", a_key(), "gone"))
    store.keep(again, b"{}", AuditRow("result-published", a_key(), "assessed", "again"))

    with engine.connect() as connection:
        rows = connection.execute(audit.select().order_by(audit.c.number)).all()
    assert [(row.event, row.detail, row.patient_id) for row in rows] == [
        ("result-published", "first", "PAT-0001"),
        ("result-withdrawn", "", "PAT-0001"),
        ("result-published", "again", "PAT-0001"),
    ]


def test_a_publish_that_began_before_the_withdrawal_does_not_undo_it(store, clock):
    """Such as that of a worker that stood still, was taken for dead, and wakes up."""
    store.keep(a_result(), b"{}")
    clock.move_on(hours=1)
    store.withdraw(a_result().result_id, "the study is gone")
    store.keep(a_result(measured_at=clock.now() - timedelta(seconds=1)), b"{}")

    assert store.latest(a_key()) is None


def test_nothing_found_is_remembered_until_a_result_is_kept(store):
    """The newer look replaces the older; a result replaces both."""
    store.keep_nothing_found(a_key(), MEASURED_AT, ["no-prior-ct"])
    later = MEASURED_AT + timedelta(hours=30)
    store.keep_nothing_found(a_key(), later, ["scan-too-old", "not-ct"])
    remembered = store.latest(a_key())
    store.keep(a_result(), b"{}")
    store.withdraw(a_result().result_id, "the study is gone")

    assert remembered == NothingFound(later, ("scan-too-old", "not-ct"))
    assert store.latest(a_key()) is None


def test_confirming_moves_the_confirmation_forward_only(store, clock):
    """Two confirmations that cross each other leave the later one."""
    clock.move_on(hours=5)
    kept = a_result()
    store.keep(kept, b"{}")
    store.confirm(kept.result_id, MEASURED_AT + timedelta(hours=5))
    store.confirm(kept.result_id, MEASURED_AT + timedelta(hours=2))

    assert store.read(kept.result_id).confirmed_at == MEASURED_AT + timedelta(hours=5)


YEARS_AHEAD = timedelta(days=1000)


def test_a_confirmation_that_was_dated_ahead_is_replaced(store, clock):
    """Published while the clock was years ahead: the next look into the archive tells when that was."""
    ahead = clock.now() + YEARS_AHEAD
    store.keep(a_result(measured_at=ahead, confirmed_at=ahead), b"{}")
    store.confirm(a_result().result_id, clock.now())

    assert store.read(a_result().result_id).confirmed_at == clock.now()


def test_what_was_withdrawn_by_a_clock_that_was_ahead_can_be_shown_again(store, clock):
    """Dated now by the first measurement after that, which may have begun before; the next one is shown."""
    store.keep(a_result(), b"{}")
    clock.move_on(days=YEARS_AHEAD.days)
    store.withdraw(a_result().result_id, "the study is gone")
    clock.move_on(days=-YEARS_AHEAD.days)
    shown = []
    for _ in range(2):
        began = clock.now()
        clock.move_on(seconds=5)
        store.keep(a_result(measured_at=began), b"{}")
        shown.append(store.latest(a_key()))

    assert shown == [None, a_result(measured_at=began)]


def test_a_measurement_that_was_dated_ahead_does_not_hide_the_next_one(store, clock):
    """An older model measured while the clock was years ahead; its result stays, behind the newer one's."""
    ahead = clock.now() + YEARS_AHEAD
    older = a_result(result_id="older", generation="1", measured_at=ahead, confirmed_at=ahead)
    newer = a_result(result_id="newer", generation="2", measured_at=clock.now())
    for result in (older, newer):
        store.keep(result, b"{}")

    assert store.latest(a_key()) == newer
    assert store.read("older").measured_at < newer.measured_at


def test_padding_does_not_make_another_patient(store):
    """Leading and trailing spaces of an identifier mean nothing in DICOM."""
    store.keep(a_result(a_patient(a_key(" PAT-0001 "))), b"{}")

    assert store.latest(a_key("PAT-0001")) == a_result()


names = st.text(st.sampled_from("AB%_'a 1"), min_size=1, max_size=3).filter(str.strip)
keys = st.builds(PatientKey, st.sampled_from(["default", "other"]), names, st.none() | names)


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory):
    """One database for all examples of a property; each example empties it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('identity') / 'osteocds.db'}"
    migrate(url)
    engine = open_engine(url)
    yield engine, SqlAssessmentStore(engine, SettableClock())
    engine.dispose()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(keys, min_size=2, max_size=6))
def test_nobody_ever_sees_another_patients_result(shared_store, patients):
    """Whoever is asked about: what is found is that patient's, to tenant, identifier and issuer."""
    engine, store = shared_store
    with engine.begin() as connection:
        connection.execute(delete(results))
        connection.execute(delete(nothing_found))
    *with_result, without = patients
    for number, key in enumerate(with_result):
        store.keep(a_result(PatientIdentity(key), result_id=f"result-{number}"), b"{}")
    store.keep_nothing_found(without, MEASURED_AT, ["no-prior-ct"])

    for key in patients:
        found = store.latest(key)
        known = store.knows(key, an_assessment().acquisition.series_uid, GENERATION)
        owners = [padding_removed(each) for each in with_result]
        if padding_removed(key) in owners:
            assert padding_removed(found.patient.key) == padding_removed(key)
            assert known is not None
        else:
            assert found == NothingFound(MEASURED_AT, ("no-prior-ct",))
            assert known is None


def padding_removed(key):
    """The key as DICOM compares it."""
    return key.tenant, key.patient_id.strip(), key.issuer and key.issuer.strip()


def test_a_result_that_is_set_aside_or_missing_is_no_answer_and_stays_readable(store, engine, clock):
    """Only the answer to a hook leaves it out; a look that finds it usable brings it back, a measurement does too."""
    kept, series_uid = a_result(), an_assessment().acquisition.series_uid
    store.keep(kept, b"{}")
    confirmations = SqlConfirmations(engine, clock)
    store.looked(a_key(), clock.now(), held=[series_uid], usable=[])
    set_aside = store.latest(a_key()), SqlPatientMemory(engine).of(a_key()).latest
    store.looked(a_key(), clock.now(), held=[series_uid], usable=[series_uid])
    back = store.latest(a_key())
    confirmations.missed(kept.result_id, clock.now())
    missing = store.latest(a_key()), SqlPatientMemory(engine).of(a_key()).latest
    store.confirm(kept.result_id, clock.now() + timedelta(seconds=1))

    assert set_aside == missing == (None, None)
    assert back.result_id == store.latest(a_key()).result_id == kept.result_id
    assert store.knows(a_key(), series_uid, GENERATION) == store.read(kept.result_id).result_id == kept.result_id


def test_what_was_set_aside_and_withdrawn_is_shown_again_when_measured_anew(store, clock):
    """Its series was found usable before it was measured."""
    kept, series_uid = a_result(), an_assessment().acquisition.series_uid
    store.keep(kept, b"{}")
    store.looked(a_key(), clock.now(), held=[series_uid], usable=[])
    store.withdraw(kept.result_id, "gone")
    clock.move_on(hours=1)
    store.keep(replace(kept, measured_at=clock.now(), confirmed_at=clock.now()), b"{}")

    assert store.latest(a_key()).result_id == kept.result_id


def test_results_of_a_patient_are_filed_until_they_are_withdrawn(store, engine, clock):
    """Whoever else has the identifier, and whether missing or set aside; a first absence far ahead is written over."""
    store.keep(a_result(), b"{}")
    store.keep(a_result(a_patient(a_key(issuer="ELSEWHERE")), result_id="of somebody else"), b"{}")
    confirmations = SqlConfirmations(engine, clock)
    confirmations.missed(a_result().result_id, clock.now() + timedelta(days=300))
    confirmations.missed(a_result().result_id, clock.now())
    confirmations.missed(a_result().result_id, clock.now() + timedelta(seconds=30))
    (filed,) = confirmations.of(a_key())
    store.withdraw(filed.result_id, "gone")

    assert (filed.result_id, filed.missing_since) == (a_result().result_id, clock.now())
    assert filed.patient == a_patient()
    assert confirmations.of(a_key()) == []
