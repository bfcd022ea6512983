import json
import re
from pathlib import Path

from fhir.resources.R4B.codesystem import CodeSystem
from fhir.resources.R4B.valueset import ValueSet

from cds.hooks.override_reasons import OVERRIDE_REASONS, OVERRIDE_SYSTEM

PROFILES = Path(__file__).parents[2] / "fhir_profiles"
CODES = [(each.code, each.display) for each in OVERRIDE_REASONS]


def published(name):
    """One published resource."""
    return json.loads((PROFILES / "generated" / name).read_text())


def test_the_published_list_is_what_cards_offer():
    """Code, display and order are the same in CodeSystem and card; every code is defined."""
    system = published("CodeSystem-override-reason.json")

    assert system["url"] == OVERRIDE_SYSTEM
    assert [(each["code"], each["display"]) for each in system["concept"]] == CODES
    assert system["count"] == len(CODES)
    assert all(each["definition"] for each in system["concept"])
    assert {each.system for each in OVERRIDE_REASONS} == {OVERRIDE_SYSTEM}


def test_the_value_set_is_the_whole_code_system():
    """Each names the other."""
    value_set, system = published("ValueSet-override-reason.json"), published("CodeSystem-override-reason.json")

    assert value_set["compose"] == {"include": [{"system": OVERRIDE_SYSTEM}]}
    assert system["valueSet"] == value_set["url"]


def test_the_shorthand_says_the_same():
    """The JSON can be generated from it without a change of codes."""
    shorthand = (PROFILES / "input" / "fsh" / "override-reason.fsh").read_text()

    assert re.findall(r'^\* #(\S+) "([^"]+)" "[^"]+"$', shorthand, re.MULTILINE) == CODES
    assert f'^url = "{OVERRIDE_SYSTEM}"' in shorthand


def test_both_are_valid_fhir():
    """They parse as FHIR R4 resources."""
    CodeSystem.model_validate(published("CodeSystem-override-reason.json"))
    ValueSet.model_validate(published("ValueSet-override-reason.json"))
