"""Mirrors cds/storage/shown_cards.py."""

from dataclasses import replace

from cds.ct.patient import PatientKey
from cds.ports import ShownCard
from cds.storage.shown_cards import SqlShownCards
from tests.support.telling import tell

PATIENT = PatientKey("default", "PAT-0001", "HOSPITAL")
CARD = ShownCard("card-1", "result-1", "finding", "Practitioner/1", "osteocds-order-sign")


def test_findings_told_are_counted_by_month_and_service(engine, clock):
    """Told again to the same user, one counts where it was told last."""
    cards = SqlShownCards(engine)
    for result in ("result-1", "result-2"):
        tell(engine, clock, PATIENT, shown=replace(CARD, result_id=result))
    clock.move_on(days=31)
    tell(engine, clock, PATIENT, shown=CARD)

    assert cards.counts() == {("2026-03", CARD.service): 1, ("2026-04", CARD.service): 1}
