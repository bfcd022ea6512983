"""Mirrors cds/hooks/cards.py: what is told where there is no result."""

from datetime import timedelta

import pytest

from cds.ports import Trouble
from cds.screening import IdentityRefused, Known, NoPrior, Pending, Unavailable
from tests.support.assessments import a_result, an_assessment
from tests.support.hook_cards import a_maker, cards
from tests.support.hook_cases import NOW, some_facts


@pytest.mark.parametrize(
    "answer",
    [
        NoPrior(("no-prior-ct",)),
        IdentityRefused(),
        Pending(NOW),
        Known(a_result(assessment=an_assessment(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0)))),
        Known(a_result(assessment=an_assessment(category=None))),  # under 50
    ],
)
def test_answers_without_a_card(answer):
    """No usable CT, somebody else's images, not measured yet, normal, under 50: no card."""
    assert cards(answer) == []


def test_being_measured_is_shown_where_the_site_wants_it():
    """By default it is silent; a setting shows it as information."""
    (card,) = cards(Pending(NOW), a_maker(show_being_measured=True))

    assert card["indicator"] == "info"
    assert card["summary"] == "Bone density: earlier CTs are being looked up and measured; no result yet"
    assert "suggestions" not in card


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("archive", "the imaging archive cannot be reached"),
        ("workers", "no worker is measuring"),
        ("queue", "measurements cannot be queued"),
        ("measurement", "the measurement failed"),
    ],
)
def test_a_failure_never_looks_like_no_guidance(what, said):
    """When the slow path is away, a card says so, and that nothing follows from it."""
    (card,) = cards(Unavailable(Trouble(what, NOW - timedelta(minutes=5))))

    assert card["indicator"] == "info"
    assert card["summary"] == f"Bone density from earlier CT is not available: {said}"
    assert card["detail"].startswith("Since 2 Mar 2026, 09:25 UTC. Nothing follows for or against low bone density.")


@pytest.mark.parametrize("what", ["archive", "workers", "queue", "measurement"])
def test_a_card_about_trouble_keeps_its_id(what):
    """The same kind of trouble is the same card, however often it is asked; another kind is another."""
    ids = {cards(Unavailable(Trouble(what, NOW + timedelta(seconds=s))))[0]["uuid"] for s in range(3)}

    assert len(ids) == 1
    assert ids != {cards(Unavailable(Trouble("archive" if what != "archive" else "queue", NOW)))[0]["uuid"]}


@pytest.mark.parametrize("answer", [Pending(NOW), Unavailable(Trouble("archive", NOW)), Known(a_result())])
@pytest.mark.parametrize("fact", ["deceased", "comfort_care", "emergency"])
def test_where_no_result_would_be_shown_neither_is_its_absence(answer, fact):
    """A card about trouble would promise one about bone."""
    assert cards(answer, a_maker(show_being_measured=True), facts=some_facts(**{fact: True})) == []
