"""Mirrors cds/hooks/cards.py: when the same is told again, to whom, and under which id."""

from dataclasses import replace
from datetime import timedelta

from cds.hooks.finding import finding_of
from cds.ports import CardFeedback
from cds.screening import Known
from tests.support.assessments import a_refusal, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.hook_cards import ASKED, LATER, a_maker, cards
from tests.support.hook_cases import NOW, some_facts


def test_why_a_ct_is_not_assessable_is_told_once():
    """The reason is shown once for each user, not at every order."""
    maker, answer = a_maker(), Known(a_result(assessment=a_refusal()))

    first, again = cards(answer, maker), cards(answer, maker, LATER, now=NOW + timedelta(days=400))
    somebody_else = cards(answer, maker, replace(ASKED, user="Practitioner/dr-2"))

    assert first[0]["summary"] == "Earlier CT (14 Sep 2025): bone density could not be assessed"
    assert "- The slices are 7.5 mm thick; at most 5 mm can be measured." in first[0]["detail"]
    assert first[0]["indicator"] == "info"
    assert "suggestions" not in first[0]
    assert again == []
    assert len(somebody_else) == 1


def test_a_card_keeps_its_id():
    """The same finding told to the same user has the same id in every call; whatever differs, another id."""
    one, again = cards(Known(a_result()))[0], cards(Known(a_result()), asked=LATER)[0]
    others = [
        cards(Known(a_result(result_id="another")))[0],
        cards(Known(a_result(assessment=an_assessment(vbmd_mg_cm3=71.0))))[0],
        cards(Known(a_result()), asked=replace(ASKED, user="Practitioner/dr-2"))[0],
        cards(Known(a_result()), asked=replace(ASKED, client="https://other.example.org"))[0],
    ]

    assert one["uuid"] == again["uuid"]
    assert one["suggestions"][0]["uuid"] == again["suggestions"][0]["uuid"] != one["uuid"]
    assert len({one["uuid"], *(other["uuid"] for other in others)}) == 5


def test_what_users_were_told_before_keeps_its_digest():
    """The memory of cards outlives versions: another way of writing an interval is nothing new to tell."""
    near = an_assessment(category="low", vbmd_mg_cm3=87.0, ci95_mg_cm3=(79.7, 94.6))

    assert finding_of(near) == "bcbc72fe396de87269a8492d868eacad4192ab78e80fcdf7223a90fe5f5a6c70"


def test_an_unchanged_result_is_told_to_a_user_once_in_30_days_on_any_hook():
    """Another service, the same user: quiet for 30 days. A changed value, or another user: told."""
    maker, answer = a_maker(), Known(a_result())
    elsewhere = replace(LATER, service="osteocds-patient-view")

    assert len(cards(answer, maker)) == 1
    assert cards(answer, maker, elsewhere, now=NOW + timedelta(days=29, hours=23)) == []
    assert len(cards(answer, maker, replace(elsewhere, user="Practitioner/dr-2"))) == 1
    assert len(cards(answer, maker, elsewhere, now=NOW + timedelta(days=30))) == 1
    changed = Known(a_result(assessment=an_assessment(vbmd_mg_cm3=66.0)))
    assert len(cards(changed, maker, replace(ASKED, hook_instance="call-3"))) == 1


def test_a_card_shown_by_a_clock_that_was_ahead_is_no_reason_for_silence():
    """Nobody knows when that was: it is told, and that is remembered."""
    maker, answer, clock = a_maker(), Known(a_result()), SettableClock()
    maker.memory.shown.clock = clock
    clock.move_on(days=1000)
    cards(answer, maker)
    clock.move_on(days=-1000)

    assert len(cards(answer, maker, LATER)) == 1
    assert cards(answer, maker, replace(LATER, hook_instance="call-3")) == []


def test_a_client_that_asks_again_in_the_same_call_is_told_the_same():
    """A repeated request must not lose the card that its first answer carried."""
    for answer in (Known(a_result()), Known(a_result(assessment=a_refusal()))):
        maker = a_maker()

        assert cards(answer, maker) == cards(answer, maker) != []
        assert cards(answer, maker, LATER) == []


def test_users_without_a_name_are_not_taken_for_one():
    """What somebody was told is not held back from somebody else; why a CT cannot be assessed is told once to all."""
    maker, nobody = a_maker(), replace(ASKED, user=None)
    (card,) = cards(Known(a_result()), maker, nobody)
    maker.memory.feedback.keep("osteocds-order-sign", "", [CardFeedback(card["uuid"], "overridden", NOW)])

    assert len(cards(Known(a_result()), maker, replace(nobody, hook_instance="call-2"))) == 1
    refused = Known(a_result(assessment=a_refusal(), result_id="another"))
    assert len(cards(refused, maker, nobody)) == 1
    assert cards(refused, maker, replace(nobody, hook_instance="call-2")) == []


def test_an_overridden_card_stays_away_from_the_clinician_who_overrode_it():
    """For 180 days unless the site says otherwise; a colleague still sees it, and another client has no say."""
    maker, answer = a_maker(repeat_quiet=timedelta(0)), Known(a_result())
    (card,) = cards(answer, maker)
    before = NOW - timedelta(days=1)
    maker.memory.feedback.keep(
        "osteocds-order-sign", "https://another.example.org", [CardFeedback(card["uuid"], "overridden", before)]
    )
    assert len(cards(answer, maker, LATER)) == 1
    maker.memory.feedback.keep("osteocds-order-sign", ASKED.client, [CardFeedback(card["uuid"], "overridden", NOW)])

    assert cards(answer, maker, LATER, now=NOW + timedelta(days=179)) == []
    assert len(cards(answer, maker, LATER, now=NOW + timedelta(days=180))) == 1
    assert len(cards(answer, maker, replace(LATER, user="Practitioner/dr-2"))) == 1


def test_an_accepted_card_is_not_an_overridden_one():
    """Only setting a card aside keeps it away."""
    maker, answer = a_maker(repeat_quiet=timedelta(0)), Known(a_result())
    (card,) = cards(answer, maker)
    maker.memory.feedback.keep("osteocds-order-sign", ASKED.client, [CardFeedback(card["uuid"], "accepted", NOW)])

    assert len(cards(answer, maker, LATER)) == 1


def test_a_quiet_result_is_not_noted_as_shown():
    """What the chart held back today is told when the chart changes."""
    maker, answer = a_maker(), Known(a_result())

    assert cards(answer, maker, facts=some_facts(dxa_ordered=True)) == []
    assert len(cards(answer, maker, LATER)) == 1
