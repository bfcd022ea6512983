"""Cards as JSON, from a card maker with fakes behind it."""

import json
from dataclasses import replace

from cds.hooks.cards import CardMaker
from cds.hooks.messages import HookResponse, as_json
from cds.hooks.orders import Asked
from tests.support.fakes import FakeCardMemory, FakeFeedbackLog, FakeLinks, FakeShownCards
from tests.support.hook_cases import NOW, some_facts, some_rules

ASKED = Asked(
    "fhir-77",
    "Practitioner/dr-1",
    "enc-9",
    orders_imaging=True,
    service="osteocds-order-sign",
    hook_instance="call-1",
    client="https://ehr.example.org",
)


LATER = replace(ASKED, hook_instance="call-2")


def a_maker(**rules):
    """A card maker with fakes behind it."""
    return CardMaker(FakeLinks(), FakeCardMemory(FakeShownCards(), FakeFeedbackLog()), some_rules(**rules))


def cards(answer, maker=None, asked=ASKED, facts=None, now=NOW):
    """The cards as JSON."""
    maker = maker or a_maker()
    due = maker.cards_for(answer, asked, facts or some_facts(), now)
    if due.telling.shown is not None:
        maker.memory.shown.note(due.telling.shown)
    return json.loads(as_json(HookResponse(cards=due.cards)))["cards"]
