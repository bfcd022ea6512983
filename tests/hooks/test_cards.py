"""Mirrors cds/hooks/cards.py: what a card says of a result."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel as Level
from cds.screening import Known
from tests.support.assessments import (
    a_contrast_assessment,
    a_height_loss,
    a_patient,
    a_refusal,
    a_result,
    an_acquisition,
    an_assessment,
)
from tests.support.hook_cards import ASKED, LATER, a_maker, cards
from tests.support.hook_cases import NOW, a_dxa, some_facts
from tests.support.hook_strategies import assessments, talking_charts


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


def test_a_possible_fracture_on_a_ct_that_is_not_assessable_comes_back():
    """It asks for a look at the images, suggests no order, and is not told once for ever."""
    maker, answer = a_maker(), Known(a_result(assessment=a_refusal(height_losses=(a_height_loss(),))))

    (first,), soon = cards(answer, maker), cards(answer, maker, LATER, now=NOW + timedelta(days=29))
    (again,) = cards(answer, maker, LATER, now=NOW + timedelta(days=30))

    assert soon == []
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
    """The finding supports the order that is being signed, and can be added to it as a reason."""
    draft = {"resourceType": "ServiceRequest", "id": "d1", "code": {"text": "DXA"}}
    (card,) = cards(Known(a_result()), asked=replace(ASKED, orders_dxa=True, dxa_draft=draft))
    (nameless,) = cards(Known(a_result()), asked=replace(ASKED, orders_dxa=True))

    assert card["summary"].endswith("osteoporosis range; supports the DXA being ordered")
    assert "- A DXA is being ordered; this finding supports it." in card["detail"]
    (suggestion,) = card["suggestions"]
    (action,) = suggestion["actions"]
    assert action["type"] == "update"
    assert action["resource"] == draft | {"reasonCode": action["resource"]["reasonCode"]}
    assert not {"suggestions", "selectionBehavior"} & set(nameless)


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


def test_the_age_limit_uses_the_birth_date_that_the_result_was_made_for():
    """A chart without birth date leaves it to the identity that was checked against the images."""
    young = a_result(a_patient(birth_date=date(1980, 1, 1)))

    assert cards(Known(young), facts=some_facts(birth_date=None)) == []


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (some_facts(osteoporosis_known=True), "Low bone density is known to the chart; no treatment on record."),
        (
            some_facts(latest_dxa=a_dxa(-1.9)),
            (
                "CT and DXA disagree; spine DXA reads high with degeneration.\n"
                "- DXA of 3 May 2025 is on record, lowest T-score of the DXA -1.9."
            ),
        ),
        (some_facts(latest_dxa=a_dxa(None)), "DXA of 3 May 2025 is on record, without a T-score."),
        (some_facts(osteoporosis_treated=True), "A medicine for bone density is on record."),
        (some_facts(pregnant=True), "Pregnancy is on record: no DXA is suggested."),
        (
            some_facts(bone_malignancy=True),
            (
                "Bone metastasis, myeloma or radiotherapy of the spine is on record: the density may come from that, "
                "and is for information only."
            ),
        ),
        (
            some_facts(unread=("dxaReports", "medications", "<b>")),
            "Not checked against the chart: DXA reports, medications, &#60;b&#62;.",
        ),
    ],
)
def test_the_detail_says_what_the_chart_adds(facts, sentence):
    """A sentence for each remark of the decision table, ahead of what limits the measurement."""
    (card,) = cards(Known(a_result()), facts=facts)

    assert f"- {sentence}\n- No calibration of this scanner" in card["detail"]


def test_a_smart_app_is_linked_where_the_site_has_one():
    """Beside the report page; launched with the id of the result, which names nobody."""
    (card,) = cards(Known(a_result()), a_maker(smart_launch_url="https://app.example.org/launch"))

    assert card["links"][1] == {
        "label": "Bone density report in the EHR",
        "url": "https://app.example.org/launch",
        "type": "smart",
        "appContext": a_result().result_id,
    }


def test_text_from_the_record_is_escaped():
    """Clients render raw HTML: a scanner name must stay a name."""
    hostile = an_acquisition(manufacturer="<script>alert(1)</script>", kernel="[x](http://evil.example)")

    (card,) = cards(Known(a_result(assessment=an_assessment(acquisition=hostile))))

    assert "<script" not in card["detail"]
    assert "](" not in card["detail"]
    assert "://" not in card["detail"]


drafts = st.none() | st.just(
    {
        "resourceType": "ServiceRequest",
        "id": "d1",
        "code": {"coding": [{}], "text": "DXA"},
        "reasonCode": [],
        "note": None,
    }
)


NEVER_WORDS = ("no osteoporosis", "osteoporosis is", "diagnos", "interpretation", "<script", "://", "](")


@given(assessments, talking_charts, drafts)
@settings(max_examples=200)
def test_every_card_is_strict_and_careful(assessment, facts, draft):
    """Whatever the result and the chart: one card at most, nothing null or empty, no diagnosis, no T-score from CT."""
    maker = a_maker(show_normal=True, show_being_measured=True)
    asked = replace(ASKED, orders_dxa=draft is not None, dxa_draft=draft)

    shown = cards(Known(a_result(assessment=assessment), stale=True), maker, asked, facts)

    assert len(shown) <= 1
    for card in shown:
        assert list(_empty_parts(card)) == []
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert len(card["summary"]) < 140
        said = f"{card['summary']}\n{card['detail']}".lower()
        assert not [words for words in NEVER_WORDS if words in said]
        assert said.count("t-score") == said.count("lowest t-score of the dxa") + said.count("without a t-score")
        assert not (facts.unread and "no treatment on record" in said)
        left = said.replace("osteoporosis range", "").replace("does not rule out osteoporosis", "")
        assert "osteoporosis" not in left


def _empty_parts(value, path="card"):
    if value is None or value in ("", [], {}):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _empty_parts(part, f"{path}.{key}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _empty_parts(part, f"{path}[{number}]")
