"""Mirrors cds/storage/card_memory.py."""

from dataclasses import replace
from datetime import timedelta

from cds.ct.patient import PatientKey
from cds.ports import CardFeedback, Recalled, ShownCard
from cds.storage.card_memory import SqlCardMemory
from cds.storage.feedback import SqlFeedbackLog
from tests.support.telling import tell

PATIENT = PatientKey("default", "PAT-0001", "HOSPITAL")
CARD = ShownCard("card-1", "result-1", "finding", "Practitioner/1", "osteocds-order-sign")
EHR = "https://ehr.example.org"


def told_by(engine):
    """When a card was told before, as far as this database remembers."""
    return lambda card: SqlCardMemory(engine).recall(card, EHR).told_at


def test_the_same_finding_told_to_the_same_user_is_remembered(engine, clock):
    """Another user, another result or a changed finding was not told yet."""
    told_at = told_by(engine)
    before = told_at(CARD)

    tell(engine, clock, PATIENT, shown=CARD)

    assert before is None
    assert told_at(CARD) == clock.now()
    for changed in ({"user": "Practitioner/2"}, {"result_id": "result-2"}, {"finding": "other"}):
        assert told_at(replace(CARD, **changed)) is None


def test_another_service_is_told_too(engine, clock):
    """Shown on one hook is shown on all."""
    told_at = told_by(engine)
    tell(engine, clock, PATIENT, shown=CARD)

    assert told_at(replace(CARD, service="osteocds-patient-view")) is not None


def test_the_last_time_counts(engine, clock):
    """Shown again moves the time on."""
    told_at = told_by(engine)
    tell(engine, clock, PATIENT, shown=CARD)
    clock.move_on(days=31)

    tell(engine, clock, PATIENT, shown=CARD)

    assert told_at(CARD) == clock.now()


def test_users_without_a_name_count_as_one(engine, clock):
    """A client that does not name its user is one user."""
    told_at = told_by(engine)
    tell(engine, clock, PATIENT, shown=replace(CARD, user=None))

    assert told_at(replace(CARD, user=None)) is not None


def test_the_same_call_asked_again_was_not_told_before(engine, clock):
    """A client that lost the answer gets it again; any other call, and one that names none, was told."""
    told_at = told_by(engine)
    first = replace(CARD, call="call-1")
    tell(engine, clock, PATIENT, shown=first)

    assert told_at(first) is None
    assert told_at(replace(CARD, call="call-2")) is not None
    assert told_at(CARD) is not None


def test_a_card_told_by_an_earlier_version_was_told(engine, clock):
    """Without a call on record it counts for every call."""
    told_at = told_by(engine)
    tell(engine, clock, PATIENT, shown=CARD)

    assert told_at(replace(CARD, call="call-1")) is not None


def test_the_last_override_of_a_card_counts(engine, clock):
    """Not that of another card or from another client, nor an acceptance."""
    earlier, later = clock.now() - timedelta(days=2), clock.now() - timedelta(days=1)
    overridden = [CardFeedback(CARD.card_id, "overridden", at) for at in (later, earlier)]
    accepted = CardFeedback(CARD.card_id, "accepted", clock.now())
    SqlFeedbackLog(engine, clock).keep(CARD.service, EHR, [*overridden, accepted])
    memory = SqlCardMemory(engine)

    assert memory.recall(CARD, EHR) == Recalled(None, later)
    assert memory.recall(replace(CARD, card_id="another card"), EHR) == Recalled()
    assert memory.recall(CARD, "https://another.example.org") == Recalled()


def test_a_clock_that_runs_ahead_silences_nothing_for_years(engine, clock):
    """An override that lies in the future happened when it was received."""
    ahead = CardFeedback(CARD.card_id, "overridden", clock.now() + timedelta(days=9000))
    SqlFeedbackLog(engine, clock).keep(CARD.service, EHR, [ahead])

    assert SqlCardMemory(engine).recall(CARD, EHR).overridden_at == clock.now()


def test_another_finding_of_the_same_result_is_remembered(engine, clock):
    """Until what holds now was told; another user was told nothing."""
    memory = SqlCardMemory(engine)
    tell(engine, clock, PATIENT, shown=CARD)
    corrected = replace(CARD, finding="corrected")

    assert memory.recall(CARD, EHR).told_otherwise_at is None
    assert memory.recall(corrected, EHR).told_otherwise_at == clock.now()
    assert memory.recall(replace(corrected, user="Practitioner/2"), EHR).told_otherwise_at is None
    tell(engine, clock, PATIENT, shown=corrected)
    assert memory.recall(corrected, EHR).told_otherwise_at is None
