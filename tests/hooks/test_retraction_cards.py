"""Mirrors cds/hooks/retraction_cards.py; and what a link to a retracted result answers."""

import pytest

from cds.retraction import Retraction
from cds.screening import Known, NoPrior
from tests.support.assessments import MEASURED_AT, a_key, a_result
from tests.support.hook_calls import USER, an_order_sign
from tests.support.hook_site import a_site

OLD = Retraction("old-result", "wrong-level", "L1 was <b>T12</b>", "Physicist B.", MEASURED_AT)
SEEN_BY = f"unauthenticated {USER}"


@pytest.mark.parametrize("answer", [NoPrior(("no-prior-ct",)), Known(a_result())])
async def test_who_saw_a_card_is_told_first_and_once(answer):
    """Whatever else there is to tell; the reason cannot become markup."""
    site = a_site(answer, answer)
    site.retractions.retracted.append((a_key(), OLD))
    site.retractions.seen.add((OLD.result_id, SEEN_BY))

    first = (await site.order_sign(an_order_sign())).json()["cards"]
    second = (await site.order_sign(an_order_sign() | {"hookInstance": "0e7a3f5e-9a9b-4d5c-8c2b-000000000002"})).json()[
        "cards"
    ]

    assert first[0]["summary"].startswith("Retracted:")
    assert "named wrongly" in first[0]["detail"]
    assert "<b>" not in first[0]["detail"]
    assert not [card for card in second if card["summary"].startswith("Retracted:")]


async def test_in_shadow_nobody_is_told():
    """And nothing is noted as told."""
    site = a_site(NoPrior(()), mode="shadow")
    site.retractions.retracted.append((a_key(), OLD))
    site.retractions.seen.add((OLD.result_id, SEEN_BY))

    assert (await site.order_sign(an_order_sign())).json() == {"cards": []}
    assert not site.retractions.told


async def test_a_link_to_a_retracted_result_says_why():
    """410, with the reason."""
    site = a_site(NoPrior(()))
    site.retractions.retracted.append((a_key(), OLD))
    async with site.client() as client:
        page = await client.get("/reports/link-to-old-result")

    assert page.status_code == 410
    assert "the vertebrae were named wrongly: L1 was &lt;b&gt;T12" in page.text
