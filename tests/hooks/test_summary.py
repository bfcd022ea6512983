from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.assessment import Contrast
from cds.hooks.judgement import NOTHING, SUGGEST, SUPPORT, Presentation, judge
from cds.hooks.summary import summary_of
from tests.support.assessments import a_contrast_assessment, a_height_loss, a_refusal, an_acquisition, an_assessment
from tests.support.hook_cases import a_case, a_dxa, some_facts, some_rules
from tests.support.hook_strategies import assessments, talking_charts

shown = st.builds(
    Presentation,
    st.just("info"),
    st.sampled_from([SUGGEST, SUPPORT, NOTHING]),
    st.lists(
        st.sampled_from(
            ["no treatment on record", "CT and DXA disagree", "DXA on record", "not checked against the chart"]
        ),
        max_size=3,
        unique=True,
    ).map(tuple),
)


def told(assessment, facts=None, *, dxa_drafted=False):
    """The summary of a card where the chart says so."""
    case = a_case(assessment, facts, rules=some_rules(show_normal=True), dxa_drafted=dxa_drafted)
    shown_as = judge(case) or Presentation("info", NOTHING)
    return summary_of(assessment, shown_as)


IN_MAY = an_acquisition(study_date=date(2025, 5, 3))


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (
            an_assessment(vbmd_mg_cm3=72.3, ci95_mg_cm3=(66.1, 78.5), acquisition=IN_MAY),
            "Earlier CT (3 May 2025): L1-L2 bone density 72 mg/cm3 (66-79), osteoporosis range; consider DXA",
        ),
        (
            a_contrast_assessment(vbmd_mg_cm3=68.0, ci95_mg_cm3=(33.2, 77.6), acquisition=IN_MAY),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 68 mg/cm3 (33-78; upper estimate, contrast-enhanced), "
                "osteoporosis range; consider DXA"
            ),
        ),
        (
            a_contrast_assessment(
                category="indeterminate",
                vbmd_mg_cm3=92.0,
                ci95_mg_cm3=(57.0, 101.6),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 92 mg/cm3 (57-102; upper estimate, contrast-enhanced), "
                "may lie in the osteoporosis range"
            ),
        ),
        (
            a_contrast_assessment(
                category="low",
                probability_osteoporosis_range=0.02,
                vbmd_mg_cm3=110.0,
                ci95_mg_cm3=(82.0, 118.0),
                contrast=Contrast("unknown"),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 110 mg/cm3 (82-118; upper estimate, contrast not excluded)"
                ", low; consider DXA"
            ),
        ),
        (
            an_assessment(
                category="low",
                probability_osteoporosis_range=0.3,
                vbmd_mg_cm3=84.0,
                ci95_mg_cm3=(77.0, 91.0),
                levels_used=(Level.L1, Level.L3),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 84 mg/cm3 (77-91 from L1, L3), low, "
                "osteoporosis range not excluded; consider DXA"
            ),
        ),
        (
            an_assessment(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0), acquisition=IN_MAY),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 140 mg/cm3 (130-150), above 120; "
                "does not rule out osteoporosis"
            ),
        ),
        (a_refusal(acquisition=IN_MAY), "Earlier CT (3 May 2025): bone density could not be assessed"),
        (
            a_refusal(acquisition=an_acquisition(study_date=None)),
            "Earlier CT (date unknown): bone density could not be assessed",
        ),
    ],
)
def test_a_summary_says_what_how_sure_and_what_next(assessment, expected):
    """One line: when, how dense, how sure, which range, what to consider."""
    assert told(assessment) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (some_facts(osteoporosis_known=True), "osteoporosis range; no treatment on record; consider DXA"),
        (some_facts(latest_dxa=a_dxa(-2.7)), "osteoporosis range; no treatment on record"),
        (some_facts(latest_dxa=a_dxa(-1.9)), "osteoporosis range; CT and DXA disagree"),
        (some_facts(latest_dxa=a_dxa(None)), "osteoporosis range"),
        (some_facts(osteoporosis_known=True, unread=("medications",)), "osteoporosis range; consider DXA"),
        (some_facts(pregnant=True), "osteoporosis range"),
        (some_facts(bone_malignancy=True), "osteoporosis range"),
    ],
)
def test_a_summary_says_what_the_chart_adds(facts, expected):
    """The gap in treatment, the disagreement with DXA, and DXA only where it is suggested."""
    assert told(an_assessment(), facts).endswith(f"(65-75), {expected}")


@given(assessments, shown)
@settings(max_examples=400)
def test_a_summary_is_shorter_than_140_characters(assessment, shown_as):
    """The standard's limit holds for every result that can be measured, however it is shown."""
    assert 0 < len(summary_of(assessment, shown_as)) < 140


@given(assessments, talking_charts, st.booleans())
@settings(max_examples=200)
def test_a_summary_is_shorter_than_140_characters_for_every_chart(assessment, facts, dxa_drafted):
    """The standard's limit holds for every result and every chart that it is held against."""
    assert 0 < len(told(assessment, facts, dxa_drafted=dxa_drafted)) < 140


@given(assessments, shown)
def test_a_request_to_look_at_the_images_is_never_cut(assessment, shown_as):
    """Whatever else is left out, a possible fracture over a density that is not low by itself stays."""
    leads = assessment.height_losses and assessment.category not in {"osteoporosis-range", "low"}

    assert ("possible fracture of " in summary_of(assessment, shown_as)) == bool(leads)


@given(assessments, shown)
def test_a_summary_never_diagnoses(assessment, shown_as):
    """No T-score, no probability, no all-clear; "osteoporosis" only as a range or as not ruled out."""
    summary = summary_of(assessment, shown_as)

    assert "T-score" not in summary
    assert "%" not in summary
    assert "no osteoporosis" not in summary
    left = summary.replace("osteoporosis range", "").replace("does not rule out osteoporosis", "")
    assert "osteoporosis" not in left


@given(assessments, shown)
def test_an_upper_estimate_is_always_called_one(assessment, shown_as):
    """However much is left out to stay short, a contrast value never passes for a plain one."""
    summary = summary_of(assessment, shown_as)

    assert ("upper estimate" in summary) == (
        assessment.status == "assessed" and assessment.interval_kind == "upper-estimate"
    )


LOST = {"height_losses": (a_height_loss(),), "acquisition": IN_MAY}
MANY = {"height_losses": tuple(a_height_loss(level) for level in Level if level is not Level.T9)}


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (
            an_assessment(category="normal", vbmd_mg_cm3=131.0, ci95_mg_cm3=(120.0, 142.0), **LOST),
            "L1, please look at the images; L1-L2 bone density 131 mg/cm3 (120-142), above 120",
        ),
        (
            an_assessment(category=None, vbmd_mg_cm3=131.0, ci95_mg_cm3=(120.0, 142.0), **LOST),
            "L1, please look at the images; L1-L2 bone density 131 mg/cm3 (120-142)",
        ),
        (
            an_assessment(category="indeterminate", vbmd_mg_cm3=99.0, ci95_mg_cm3=(83.0, 135.0), **LOST),
            "L1, please look at the images; L1-L2 bone density 99 mg/cm3 (83-135), no category possible",
        ),
        (
            a_contrast_assessment(category="indeterminate", vbmd_mg_cm3=92.0, ci95_mg_cm3=(57.0, 101.0), **LOST),
            "L1, please look at the images; 92 mg/cm3 (57-101; upper estimate); consider DXA",
        ),
        (a_refusal(**LOST), "L1, please look at the images; bone density could not be assessed"),
        (
            a_contrast_assessment(category="indeterminate", **LOST | MANY),
            "10 vertebrae, please look at the images; 70 mg/cm3 (40-75; upper estimate)",
        ),
    ],
)
def test_a_possible_fracture_comes_first(assessment, expected):
    """Where the density alone would say little, the request to look at the images leads."""
    assert told(assessment) == f"Earlier CT (3 May 2025): possible fracture of {expected}"


@pytest.mark.parametrize("category", ["osteoporosis-range", "low"])
def test_a_low_density_keeps_the_first_place(category):
    """The card's detail names the fracture; the line says how low the density is."""
    assert told(an_assessment(category=category, **LOST)) == told(an_assessment(category=category, acquisition=IN_MAY))


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (an_assessment(), "osteoporosis range; supports the DXA being ordered"),
        (an_assessment(category="low", probability_osteoporosis_range=0.01), "low; supports the DXA being ordered"),
        (
            an_assessment(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0)),
            "above 120; does not rule out osteoporosis",
        ),
    ],
)
def test_a_dxa_being_ordered_is_supported_and_not_advised_again(assessment, expected):
    """The clinician is doing it already."""
    assert told(assessment, dxa_drafted=True).endswith(f"), {expected}")
