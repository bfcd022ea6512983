from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.hooks.judgement import (
    DXA,
    LOUDNESS,
    NO_CARD,
    NOTHING,
    QUIET,
    REMARKS,
    SUGGEST,
    SUPPORT,
    UNLESS_FRACTURE,
    Presentation,
    is_silent,
    judge,
)
from tests.support.assessments import a_height_loss, a_level
from tests.support.hook_cases import (
    EVERY_RESULT,
    LOW,
    MAYBE,
    NO_CATEGORY_POSSIBLE,
    NORMAL,
    OSTEOPOROSIS_RANGE,
    REFUSED,
    UNCALIBRATED,
    UNDER_50,
    WIDE_BELOW_80,
    FixedMemory,
    a_case,
    a_dxa,
    some_facts,
    some_rules,
)
from tests.support.hook_strategies import assessments, chart_facts

NEVER = timedelta(0)
SHOW_NORMAL = some_rules(show_normal=True)
KNOWN = some_facts(osteoporosis_known=True)
TREATED = some_facts(osteoporosis_known=True, osteoporosis_treated=True)


def fractured(assessment):
    """The same result with a possible fracture."""
    return replace(assessment, height_losses=(a_height_loss(),))


QUIET_CASES = [
    # the one row that holds, in the order of the table
    ("deceased", a_case(facts=some_facts(deceased=True))),
    ("hospice", a_case(facts=some_facts(comfort_care=True))),
    ("emergency", a_case(facts=some_facts(emergency=True))),
    ("49 years, 50 tomorrow", a_case(facts=some_facts(birth_date=date(1976, 3, 3)))),
    ("known and treated", a_case(facts=TREATED)),
    ("treated, and DXA says so", a_case(facts=some_facts(osteoporosis_treated=True, latest_dxa=a_dxa(-2.5)))),
    ("DXA is ordered", a_case(facts=some_facts(dxa_ordered=True))),
    ("normal", a_case(NORMAL)),
    ("under 50 at the scan", a_case(UNDER_50)),
    ("not assessable, told long ago", a_case(REFUSED, memory=FixedMemory(told_days_ago=400))),
    ("overridden", a_case(memory=FixedMemory(overridden_days_ago=179))),
    ("told lately", a_case(memory=FixedMemory(told_days_ago=29))),
]


@pytest.mark.parametrize(("number", "case"), [(number, case) for number, (_, case) in enumerate(QUIET_CASES)])
def test_each_quiet_row_is_quiet_by_itself(number, case):
    """Exactly that row holds, there is no card, and a possible fracture does what the row says."""
    lost = replace(case, assessment=fractured(case.assessment))

    assert [place for place, row in enumerate(QUIET) if row.holds(case)] == [number]
    assert judge(case) is None
    assert (judge(lost) is None) == (QUIET[number].then == NO_CARD)


def test_every_quiet_row_has_a_case():
    """A row that is added needs one."""
    assert len(QUIET_CASES) == len(QUIET)


@pytest.mark.parametrize(
    "case",
    [
        a_case(facts=some_facts(birth_date=date(1976, 3, 2))),  # 50 today
        a_case(facts=some_facts(birth_date=None)),
        a_case(facts=some_facts(birth_date=date(1984, 3, 2)), rules=some_rules(youngest_age=40)),
        a_case(facts=KNOWN),
        a_case(facts=some_facts(osteoporosis_treated=True)),  # what for, nobody says
        a_case(facts=some_facts(osteoporosis_treated=True, latest_dxa=a_dxa(-2.4))),
        a_case(facts=some_facts(osteoporosis_treated=True, latest_dxa=a_dxa(-3.0, date(2024, 3, 1)))),
        a_case(dxa_drafted=True),
        a_case(NORMAL, rules=SHOW_NORMAL),
        a_case(memory=FixedMemory(overridden_days_ago=180)),
        a_case(memory=FixedMemory(told_days_ago=30)),
        a_case(memory=FixedMemory(overridden_days_ago=0), rules=some_rules(override_quiet=NEVER)),
        a_case(memory=FixedMemory(told_days_ago=0), rules=some_rules(repeat_quiet=NEVER)),
        a_case(REFUSED),
        a_case(MAYBE, memory=FixedMemory(told_days_ago=400)),
    ],
)
def test_just_beside_a_quiet_row_there_is_a_card(case):
    """Every limit is where the table has it; 0 days turn a memory off."""
    assert judge(case) is not None


def test_told_once_is_not_undone_by_turning_the_repeat_rule_off():
    """Why a CT is not assessable is told once, whatever the site says about repeats."""
    case = a_case(REFUSED, memory=FixedMemory(told_days_ago=1), rules=some_rules(repeat_quiet=NEVER))

    assert judge(case) is None


SHOWN_CASES = [
    (a_case(OSTEOPOROSIS_RANGE), Presentation("warning", SUGGEST)),
    (a_case(UNCALIBRATED), Presentation("info", SUGGEST)),
    (a_case(LOW), Presentation("info", SUGGEST)),
    (a_case(MAYBE), Presentation("info", SUGGEST)),
    (a_case(NO_CATEGORY_POSSIBLE), Presentation("info", NOTHING)),
    (a_case(NORMAL, rules=SHOW_NORMAL), Presentation("info", NOTHING)),
    (a_case(REFUSED), Presentation("info", NOTHING)),
    # known and untreated
    (a_case(facts=KNOWN), Presentation("warning", SUGGEST, ("no treatment on record",))),
    (a_case(UNCALIBRATED, KNOWN), Presentation("info", SUGGEST, ("no treatment on record",))),
    (a_case(WIDE_BELOW_80, KNOWN), Presentation("info", SUGGEST, ("no treatment on record",))),
    (a_case(LOW, KNOWN), Presentation("info", SUGGEST)),
    (
        a_case(facts=replace(KNOWN, unread=("medications",))),
        Presentation("warning", SUGGEST, ("not checked against the chart",)),
    ),
    # a medicine of which nobody says what it is for
    (a_case(facts=some_facts(osteoporosis_treated=True)), Presentation("info", SUGGEST, ("medicine on record",))),
    (a_case(LOW, some_facts(osteoporosis_treated=True)), Presentation("info", SUGGEST, ("medicine on record",))),
    # DXA within 24 months, to the day
    (
        a_case(facts=some_facts(latest_dxa=a_dxa(-2.5))),
        Presentation("warning", NOTHING, ("no treatment on record", "DXA on record")),
    ),
    (
        a_case(facts=some_facts(latest_dxa=a_dxa(-2.4))),
        Presentation("info", NOTHING, ("CT and DXA disagree", "DXA on record")),
    ),
    (
        a_case(facts=replace(KNOWN, latest_dxa=a_dxa(-2.4))),
        Presentation("info", NOTHING, ("no treatment on record", "CT and DXA disagree", "DXA on record")),
    ),
    (a_case(facts=some_facts(latest_dxa=a_dxa(None))), Presentation("warning", NOTHING, ("DXA on record",))),
    (a_case(LOW, some_facts(latest_dxa=a_dxa(-1.9))), Presentation("info", NOTHING, ("DXA on record",))),
    (
        a_case(facts=some_facts(latest_dxa=a_dxa(-2.4, date(2024, 3, 2)))),
        Presentation("info", NOTHING, ("CT and DXA disagree", "DXA on record")),
    ),
    (a_case(facts=some_facts(latest_dxa=a_dxa(-2.4, date(2024, 3, 1)))), Presentation("warning", SUGGEST)),
    (a_case(facts=some_facts(latest_dxa=a_dxa(-2.4, date(2026, 4, 1)))), Presentation("warning", SUGGEST)),
    # pregnancy
    (a_case(facts=some_facts(pregnant=True)), Presentation("warning", NOTHING, ("pregnancy on record",))),
    (a_case(REFUSED, some_facts(pregnant=True)), Presentation("info", NOTHING)),
    (
        a_case(facts=some_facts(pregnant=True), dxa_drafted=True),
        Presentation("warning", NOTHING, ("pregnancy on record",)),
    ),
    # malignancy
    (a_case(facts=some_facts(bone_malignancy=True)), Presentation("info", NOTHING, ("malignancy on record",))),
    (
        a_case(facts=some_facts(bone_malignancy=True), dxa_drafted=True),
        Presentation("info", NOTHING, ("malignancy on record",)),
    ),
    # a DXA is being ordered
    (a_case(dxa_drafted=True), Presentation("warning", SUPPORT)),
    (a_case(LOW, dxa_drafted=True), Presentation("info", SUPPORT)),
    (a_case(NO_CATEGORY_POSSIBLE, dxa_drafted=True), Presentation("info", NOTHING)),
    # a possible fracture: loudness and DXA stay as the density has them
    (a_case(fractured(OSTEOPOROSIS_RANGE)), Presentation("warning", SUGGEST)),
    (a_case(fractured(LOW)), Presentation("info", SUGGEST)),
    (a_case(fractured(NORMAL)), Presentation("info", NOTHING)),
    (a_case(fractured(UNDER_50)), Presentation("info", NOTHING)),
    (a_case(fractured(REFUSED), memory=FixedMemory(told_days_ago=400)), Presentation("info", NOTHING)),
    (a_case(fractured(OSTEOPOROSIS_RANGE), TREATED), Presentation("info", NOTHING, ("medicine on record",))),
    (
        a_case(fractured(OSTEOPOROSIS_RANGE), some_facts(dxa_ordered=True)),
        Presentation("warning", NOTHING, ("DXA order active",)),
    ),
]


@pytest.mark.parametrize(("case", "expected"), SHOWN_CASES)
def test_the_table(case, expected):
    """Each kind of result is shown as its rows say."""
    assert judge(case) == expected


@pytest.mark.parametrize("rows", [LOUDNESS, DXA, REMARKS], ids=["loudness", "dxa", "remarks"])
def test_every_row_decides_a_case(rows):
    """No row is dead: each is the first that holds, or is said, in some case above."""
    decided = set()
    for case, _ in SHOWN_CASES:
        holding = [number for number, row in enumerate(rows) if row.holds(case)]
        decided.update(holding if rows is REMARKS else holding[:1])

    assert decided == set(range(len(rows)))


def test_the_height_of_measured_levels_alone_shows_nothing():
    """What counts as lost was decided where heights are measured, not here."""
    assert judge(a_case(replace(NORMAL, levels=(a_level(height_loss_percent=30.0),)))) is None


@pytest.mark.parametrize("assessment", EVERY_RESULT)
@given(chart_facts)
@settings(max_examples=20)
def test_a_silent_chart_is_silent_for_every_result(assessment, facts):
    """What the chart alone forbids can be asked before there is a result."""
    if is_silent(facts):
        assert judge(a_case(fractured(assessment), facts, rules=SHOW_NORMAL)) is None
    assert is_silent(facts) == (facts.deceased or facts.comfort_care or facts.emergency)


days = st.none() | st.floats(0, 1000)
cases = st.builds(
    a_case,
    assessments,
    chart_facts,
    memory=st.builds(FixedMemory, days, days),
    rules=st.builds(some_rules, show_normal=st.booleans(), youngest_age=st.integers(18, 90)),
    dxa_drafted=st.booleans(),
)


@given(cases)
@settings(max_examples=300)
def test_laws_of_what_is_shown(case):
    """Pregnant: no suggestion. Drafted: none. Malignancy: information. Warning: below 80 by a calibrated scanner."""
    shown = judge(case)
    if shown is None:
        return

    assert not (case.facts.deceased)
    assert not (case.facts.comfort_care)
    assert not (case.facts.emergency)
    if case.facts.pregnant or case.facts.bone_malignancy:
        assert shown.dxa == NOTHING
    if case.dxa_drafted or case.facts.dxa_ordered:
        assert shown.dxa != SUGGEST
    if shown.dxa == SUPPORT:
        assert case.dxa_drafted
    if shown.indicator == "warning":
        assert case.assessment.category == "osteoporosis-range"
        assert "scanner-not-calibrated" not in case.assessment.flags
        assert not case.facts.bone_malignancy
    if case.facts.unread or case.facts.osteoporosis_treated:
        assert "no treatment on record" not in shown.remarks
    assert ("not checked against the chart" in shown.remarks) == bool(case.facts.unread)


@given(cases)
@settings(max_examples=300)
def test_nothing_hides_a_possible_fracture_but_what_the_table_names(case):
    """Neither treatment nor age nor a DXA order nor a normal density; only rows that say "no card"."""
    lost = replace(case, assessment=fractured(case.assessment))
    absolute = [row for row in QUIET if row.then == NO_CARD and row.holds(lost)]

    assert (judge(lost) is None) == bool(absolute)
    assert len([row for row in QUIET if row.then == UNLESS_FRACTURE]) == 7


@given(cases)
@settings(max_examples=300)
def test_a_card_hidden_without_a_fracture_is_hidden_by_a_row(case):
    """There is a reason in the table for every silence."""
    if not case.assessment.height_losses:
        assert (judge(case) is None) == any(row.holds(case) for row in QUIET)
