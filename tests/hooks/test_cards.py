import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings

from cds.bone.anatomy import VertebralLevel as Level
from cds.hooks.cards import CardMaker, CardRules
from cds.hooks.messages import HookResponse, as_json
from cds.hooks.orders import Asked
from cds.ports import Trouble
from cds.screening import IdentityRefused, Known, NoPrior, Pending, Unavailable
from tests.support.assessments import (
    a_contrast_assessment,
    a_height_loss,
    a_refusal,
    a_result,
    an_acquisition,
    an_assessment,
)
from tests.support.fakes import FakeLinks, FakeShownCards
from tests.support.hook_strategies import assessments

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ASKED = Asked("fhir-77", "Practitioner/dr-1", "enc-9", orders_imaging=True)
NOTICE = "Investigational: not cleared as a medical device."


def a_maker(**rules):
    """A card maker with fakes behind it."""
    return CardMaker(FakeLinks(), FakeShownCards(), CardRules(**({"notice": NOTICE} | rules)))


def cards(answer, maker=None, asked=ASKED):
    """The cards as JSON."""
    made = (maker or a_maker()).cards_for(answer, asked, NOW)
    return json.loads(as_json(HookResponse(cards=made)))["cards"]


def test_a_known_result_is_a_complete_card():
    """Everything the standard and a clinician need, nothing more."""
    result = a_result(assessment=an_assessment(flags=("near-80",)))

    (card,) = cards(Known(result))

    assert uuid.UUID(card.pop("uuid"))
    assert card.pop("detail")
    assert [each["label"] for each in card.pop("suggestions")] == ["Order DXA of spine and hip"]
    assert all({"code", "system", "display"} == set(each) for each in card.pop("overrideReasons"))
    assert card == {
        "summary": "Earlier CT (14 Sep 2025): L1-L2 bone density 70 mg/cm3 (65-75), osteoporosis range; consider DXA",
        "indicator": "warning",
        "source": {"label": "osteocds"},
        "selectionBehavior": "at-most-one",
        "links": [
            {
                "label": "Bone density report",
                "type": "absolute",
                "url": f"https://cds.example.org/reports/link-to-{result.result_id}",
            }
        ],
    }


def test_the_detail_is_a_short_table_with_what_limits_it():
    """Headline, levels, flags in words, provenance, notice."""
    (card,) = cards(Known(a_result()))

    assert card["detail"] == (
        "**70 mg/cm3** trabecular bone density at L1-L2 (95 % interval 65-75 mg/cm3; K2HPO4 scale), "
        "from L1-L2: osteoporosis range.\n\n"
        "| Level | mg/cm3 | 95 % interval | Used |\n"
        "|---|---|---|---|\n"
        "| T12 | 79 | 72-86 | no: Not needed for the result |\n"
        "| L1 | 72 | 66-79 | yes |\n"
        "| L2 | 68 | 61-75 | yes |\n\n"
        "- No calibration of this scanner is on file: the interval is wider.\n"
        "- The interval crosses 80 mg/cm3, the border of the osteoporosis range.\n\n"
        "CT of 14 Sep 2025; GE MEDICAL SYSTEMS LightSpeed VCT; 120 kVp; kernel STANDARD; 1.25 mm slices; "
        "calibration: slope-table+tissue-offset (tables-1); osteocds 0.1.0, model spine-net-1.\n\n"
        "Preliminary, measured by software. It raises suspicion; it cannot rule out low bone density. "
        "Investigational: not cleared as a medical device."
    )


def test_a_possible_fracture_asks_for_a_look_at_the_images():
    """Height loss of a quarter or more is named before anything else that limits, never as a diagnosis."""
    lost = an_assessment(height_losses=(a_height_loss(Level.L2, 27.0),))

    (card,) = cards(Known(a_result(assessment=lost)))

    assert (
        "\n\n- L2: 27 % height loss, possible fracture, please look at the images.\n- No calibration" in card["detail"]
    )
    assert card["summary"].startswith("Earlier CT (14 Sep 2025): L1-L2 bone density 70 mg/cm3")
    assert "suggestions" in card


def test_a_possible_fracture_on_a_ct_that_is_not_assessable_is_shown_every_time():
    """It asks for a look at the images, suggests no order, and draws no conclusion about density."""
    maker, answer = a_maker(), Known(a_result(assessment=a_refusal(height_losses=(a_height_loss(),))))

    (first,), (again,) = cards(answer, maker), cards(answer, maker)

    assert first == again
    assert first["summary"] == (
        "Earlier CT (14 Sep 2025): possible fracture of L1, please look at the images; "
        "bone density could not be assessed"
    )
    assert first["detail"].startswith(
        "- L1: 31 % height loss, possible fracture, please look at the images.\n\nNo value was measured.\n\n- The"
    )
    assert "suggestions" not in first


def test_a_dxa_being_ordered_is_not_suggested_again():
    """The finding supports the order that is being signed; there is nothing to accept or to set aside."""
    (card,) = cards(Known(a_result()), asked=replace(ASKED, orders_dxa=True))

    assert card["summary"].endswith("osteoporosis range; supports the DXA being ordered")
    assert "- A DXA is among the draft orders; this finding supports it." in card["detail"]
    assert not {"suggestions", "selectionBehavior", "overrideReasons"} & set(card)


def test_a_density_that_is_not_low_supports_no_dxa():
    """Nothing is claimed for an order that the finding does not speak for."""
    normal = an_assessment(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0))

    (card,) = cards(Known(a_result(assessment=normal)), a_maker(show_normal=True), replace(ASKED, orders_dxa=True))

    assert "supports" not in card["summary"] + card["detail"]


def test_the_levels_of_an_upper_estimate_are_called_one():
    """Under contrast no row of the table passes for a plain value."""
    (card,) = cards(Known(a_result(assessment=a_contrast_assessment())))

    assert "| Level | mg/cm3, upper estimate | 95 % interval | Used |" in card["detail"]


def test_a_result_of_an_older_model_says_so():
    """It is answered, named, and measured again."""
    (card,) = cards(Known(a_result(), stale=True))

    assert "An earlier version of the model made this result; a new measurement is under way." in card["detail"]
    assert "model spine-net-1" in card["detail"]


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


def test_why_a_ct_is_not_assessable_is_told_once():
    """The reason is shown once for each user, not at every order."""
    maker, answer = a_maker(), Known(a_result(assessment=a_refusal()))

    first, again = cards(answer, maker), cards(answer, maker)
    somebody_else = cards(answer, maker, Asked("fhir-77", "Practitioner/dr-2", None, orders_imaging=True))

    assert first[0]["summary"] == "Earlier CT (14 Sep 2025): bone density could not be assessed"
    assert "- The slices are 7.5 mm thick; at most 5 mm can be measured." in first[0]["detail"]
    assert first[0]["indicator"] == "info"
    assert "suggestions" not in first[0]
    assert again == []
    assert len(somebody_else) == 1


def test_a_card_keeps_its_id():
    """The same result has the same card id whenever it is shown; another result has another."""
    one, again = cards(Known(a_result()))[0], cards(Known(a_result()))[0]
    other = cards(Known(a_result(result_id="another")))[0]

    assert one["uuid"] == again["uuid"] != other["uuid"]
    assert one["suggestions"][0]["uuid"] == again["suggestions"][0]["uuid"] != one["uuid"]


def test_text_from_the_record_is_escaped():
    """Clients render raw HTML: a scanner name must stay a name."""
    hostile = an_acquisition(manufacturer="<script>alert(1)</script>", kernel="[x](http://evil.example)")

    (card,) = cards(Known(a_result(assessment=an_assessment(acquisition=hostile))))

    assert "<script" not in card["detail"]
    assert "](" not in card["detail"]
    assert "://" not in card["detail"]


@given(assessments)
@settings(max_examples=60)
def test_no_element_is_null_or_empty(assessment):
    """The strictness that the standard asks for holds for every result."""
    maker = a_maker(show_normal=True, show_being_measured=True)

    for card in cards(Known(a_result(assessment=assessment), stale=True), maker):
        assert list(_empty_parts(card)) == []
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert len(card["summary"]) < 140


def _empty_parts(value, path="card"):
    if value is None or value in ("", [], {}):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _empty_parts(part, f"{path}.{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _empty_parts(part, f"{path}[{number}]")
