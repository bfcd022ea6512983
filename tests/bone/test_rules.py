"""The tables of gates and rules are whole: whatever can refuse or flag is in one of them, with a sentence."""

import ast
import re
from pathlib import Path

import pytest

from cds.bone.gates import GATES
from cds.bone.outline_gates import OUTLINE_GATES
from cds.bone.rules import FLAGS, REFUSALS
from cds.bone.words import flag_words
from cds.ct.reason import SENTENCES

ROOT = Path(__file__).parents[2] / "cds"
EVERY_GATE = {**GATES, **OUTLINE_GATES}
REFUSED_BY_NUMBER = {gate.refusal for gate in EVERY_GATE.values()} - {None}
FLAGGED_BY_NUMBER = {gate.flag for gate in EVERY_GATE.values()} - {None}
UNITS = {"HU", "kVp", "years", "mm", "degrees", "cm", "cm3", "mg/cm3", "percent", "count", "ratio"}


def codes_in_source():
    """Every code that the program gives to `because`, with its file."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "because":
                yield from ((each.value, path.name) for each in node.args[:1] if isinstance(each, ast.Constant))


def test_every_code_of_the_program_has_a_sentence():
    """No refusal is built from a code that the table of sentences lacks."""
    unknown = [(code, name) for code, name in codes_in_source() if code not in SENTENCES]

    assert unknown == []


def test_every_sentence_belongs_to_a_gate_or_a_rule():
    """A refusal has a limit with its source, or a rule that says what is looked at."""
    assert SENTENCES.keys() == REFUSED_BY_NUMBER | REFUSALS.keys()


def test_nothing_is_in_two_tables():
    """A refusal by number is no rule, nor is a flag."""
    assert not REFUSED_BY_NUMBER & REFUSALS.keys()
    assert not FLAGGED_BY_NUMBER & FLAGS.keys()


@pytest.mark.parametrize("flag", sorted(FLAGGED_BY_NUMBER | FLAGS.keys()))
def test_every_flag_has_a_sentence_of_its_own(flag):
    """A clinician never reads a bare code."""
    assert flag_words(flag) != f"{flag.replace('-', ' ').capitalize()}."
    assert flag_words(flag).endswith(".")


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_every_refusal_is_a_sentence(code):
    """It begins like a sentence, ends with a full stop, and names no code."""
    sentence = re.sub(r"\{.*?\}", "5", SENTENCES[code])

    assert not sentence[0].islower()
    assert sentence.endswith(".")
    assert code not in sentence or "-" not in code


@pytest.mark.parametrize("name", EVERY_GATE)
def test_every_gate_has_unit_severity_and_source(name):
    """The table answers what, in what unit, how grave, and why there."""
    gate = EVERY_GATE[name]

    assert gate.unit in UNITS or name in OUTLINE_GATES
    assert (gate.severity == "flag") is (gate.refusal is None)
    assert gate.source


@pytest.mark.parametrize("name", EVERY_GATE)
def test_levels_are_dropped_by_name(name):
    """What refuses a level has a code of levels, so that its sentence begins with the level's name."""
    gate = EVERY_GATE[name]
    if gate.refusal is not None:
        assert gate.refusal.startswith(("level-", "body-size")) is (gate.about == "level")


@pytest.mark.parametrize("code", sorted(REFUSALS | FLAGS))
def test_rules_are_explained(code):
    """Each says what is looked at and why."""
    rule = {**FLAGS, **REFUSALS}[code]

    assert rule.looks_at
    assert rule.source
