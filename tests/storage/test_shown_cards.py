"""Mirrors cds/storage/shown_cards.py."""

from dataclasses import replace

from cds.ct.patient import PatientKey
from cds.ports import ShownCard
from cds.storage.shown_cards import SqlShownCards
from tests.support.telling import tell

PATIENT = PatientKey("default", "PAT-0001", "HOSPITAL")
CARD = ShownCard("card-1", "result-1", "finding", "Practitioner/1", "osteocds-order-sign")


def test_the_same_finding_told_to_the_same_user_is_remembered(engine, clock):
    """Another user, another result or a changed finding was not told yet."""
    cards = SqlShownCards(engine)
    before = cards.last_shown(CARD)

    tell(engine, clock, PATIENT, shown=CARD)

    assert before is None
    assert cards.last_shown(CARD) == clock.now()
    for changed in ({"user": "Practitioner/2"}, {"result_id": "result-2"}, {"finding": "other"}):
        assert cards.last_shown(replace(CARD, **changed)) is None


def test_another_service_is_told_too(engine, clock):
    """Shown on one hook is shown on all."""
    cards = SqlShownCards(engine)
    tell(engine, clock, PATIENT, shown=CARD)

    assert cards.last_shown(replace(CARD, service="osteocds-patient-view")) is not None


def test_the_last_time_counts(engine, clock):
    """Shown again moves the time on."""
    cards = SqlShownCards(engine)
    tell(engine, clock, PATIENT, shown=CARD)
    clock.move_on(days=31)

    tell(engine, clock, PATIENT, shown=CARD)

    assert cards.last_shown(CARD) == clock.now()


def test_users_without_a_name_count_as_one(engine, clock):
    """A client that does not name its user is one user."""
    cards = SqlShownCards(engine)
    tell(engine, clock, PATIENT, shown=replace(CARD, user=None))

    assert cards.last_shown(replace(CARD, user=None)) is not None


def test_findings_told_are_counted_by_month_and_service(engine, clock):
    """Told again to the same user, one counts where it was told last."""
    cards = SqlShownCards(engine)
    for result in ("result-1", "result-2"):
        tell(engine, clock, PATIENT, shown=replace(CARD, result_id=result))
    clock.move_on(days=31)
    tell(engine, clock, PATIENT, shown=CARD)

    assert cards.counts() == {("2026-03", CARD.service): 1, ("2026-04", CARD.service): 1}


def test_the_same_call_asked_again_was_not_told_before(engine, clock):
    """A client that lost the answer gets it again; any other call, and one that names none, was told."""
    cards = SqlShownCards(engine)
    first = replace(CARD, call="call-1")
    tell(engine, clock, PATIENT, shown=first)

    assert cards.last_shown(first) is None
    assert cards.last_shown(replace(CARD, call="call-2")) is not None
    assert cards.last_shown(CARD) is not None


def test_a_card_told_by_an_earlier_version_was_told(engine, clock):
    """Without a call on record it counts for every call."""
    cards = SqlShownCards(engine)
    tell(engine, clock, PATIENT, shown=CARD)

    assert cards.last_shown(replace(CARD, call="call-1")) is not None
