"""Mirrors cds/reporting/terminology.py: the code systems are whole, in the program and in the generated JSON."""

import json
from typing import get_args, get_type_hints

import pytest

from cds.bone import rules
from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, Calibration, Category, ContrastState, IntervalKind
from cds.bone.gates import GATES
from cds.bone.outline_gates import OUTLINE_GATES
from cds.ct.reason import SENTENCES
from cds.hooks.override_reasons import OVERRIDE_SYSTEM
from cds.reporting import terminology
from cds.reporting.codes import BASE
from cds.reporting.terminology import SYSTEMS, display_of
from cds.retraction import KINDS
from fhir_profiles.generate import GENERATED
from tests.reporting.golden_cases import CASES, rendered
from tests.support.fhir_definitions import code_systems

GATE_FLAGS = {gate.flag for gate in (*GATES.values(), *OUTLINE_GATES.values()) if gate.flag}
OF_THE_PROGRAM = {
    terminology.LEVEL: {*VertebralLevel, terminology.LUMBAR_SPINE},
    terminology.CATEGORY: set(get_args(Category)),
    terminology.FLAG: rules.FLAGS.keys() | GATE_FLAGS,
    terminology.REASON: SENTENCES.keys(),
    terminology.INTERVAL_KIND: set(get_args(IntervalKind)),
    terminology.CONTRAST: set(get_args(ContrastState)),
    terminology.BASIS: set(get_args(get_type_hints(Assessment)["basis"])),
    terminology.WITHDRAWAL: {*KINDS, "rejected-by-reader", "no-longer-confirmed"},
    terminology.SCANNER: set(get_args(get_type_hints(Calibration)["scanner"])),
}


@pytest.mark.parametrize("system", OF_THE_PROGRAM)
def test_the_json_has_every_code_of_the_program_and_no_other(system):
    """Compared with the types and tables that decide, not with what the JSON was made from."""
    assert code_systems()[f"{BASE}/CodeSystem/{system}"].keys() == OF_THE_PROGRAM[system]


def test_no_code_system_is_left_out():
    """Those without a table in the program hold what the rendering says."""
    assert code_systems().keys() == {f"{BASE}/CodeSystem/{each}" for each in SYSTEMS} | {OVERRIDE_SYSTEM}
    assert SYSTEMS.keys() - OF_THE_PROGRAM.keys() == {terminology.MEASUREMENT, terminology.METHOD}


def test_every_measurement_code_is_emitted_and_every_emitted_one_is_known():
    """The golden Bundles together use the whole code system."""
    emitted = set()
    for name in CASES:
        for entry in json.loads(rendered(name))["entry"]:
            resource = entry["resource"]
            concepts = [resource.get("code"), *(each["code"] for each in resource.get("component", ()))]
            emitted |= {each["coding"][0]["code"] for each in concepts if each}

    assert emitted == SYSTEMS[terminology.MEASUREMENT].concepts.keys()


def test_every_code_has_something_to_show_and_its_own():
    """No two codes of a system look the same, and none is shown as a bare code."""
    for system in SYSTEMS.values():
        displays = [concept.display for concept in system.concepts.values()]
        assert len(set(displays)) == len(displays)
        assert all(each[0].isupper() or each.startswith(("95", "vBMD", "kVp")) for each in displays), system.id


def test_no_definition_has_a_place_for_facts_left_open():
    """What the program fills in is named: people read [thickness]."""
    for system in SYSTEMS.values():
        assert not any("{" in (concept.definition or "") for concept in system.concepts.values())
    assert SYSTEMS[terminology.REASON].concepts["slices-too-thick"].definition == (
        "The slices are [thickness] mm thick; at most [maximum] mm can be measured."
    )


def test_a_code_of_an_older_version_is_still_shown():
    """A stored result is rendered again at its review, whatever became of its flags since."""
    assert display_of(terminology.FLAG, "some-retired-flag") == "Some retired flag"


def test_no_generated_definition_speaks_of_dxa_as_ours():
    """T-scores and areal density belong to another method; only reasons to set a card aside may name it."""
    for path in GENERATED.glob("*System-*.json"):
        if path.stem == "CodeSystem-override-reason":
            continue
        text = path.read_text().lower()
        assert "t-score" not in text
        assert "dxa" not in text
