from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.assessment import Contrast
from cds.hooks.summary import summary_of
from tests.support.assessments import a_contrast_assessment, a_height_loss, a_refusal, an_acquisition, an_assessment
from tests.support.hook_strategies import assessments

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
    assert summary_of(assessment) == expected


@given(assessments, st.booleans())
def test_a_summary_is_shorter_than_140_characters(assessment, dxa_ordered):
    """The standard's limit holds for every result that can be measured."""
    assert 0 < len(summary_of(assessment, dxa_ordered=dxa_ordered)) < 140


@given(assessments)
def test_a_request_to_look_at_the_images_is_never_cut(assessment):
    """Whatever else is left out, a possible fracture over a density that is not low by itself stays."""
    leads = assessment.height_losses and assessment.category not in {"osteoporosis-range", "low"}

    assert ("possible fracture of " in summary_of(assessment)) == bool(leads)


@given(assessments)
def test_a_summary_never_diagnoses(assessment):
    """No T-score, no probability, no all-clear; "osteoporosis" only as a range or as not ruled out."""
    summary = summary_of(assessment)

    assert "T-score" not in summary
    assert "%" not in summary
    assert "no osteoporosis" not in summary
    left = summary.replace("osteoporosis range", "").replace("does not rule out osteoporosis", "")
    assert "osteoporosis" not in left


@given(assessments)
def test_an_upper_estimate_is_always_called_one(assessment):
    """However much is left out to stay short, a contrast value never passes for a plain one."""
    summary = summary_of(assessment)

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
    assert summary_of(assessment) == f"Earlier CT (3 May 2025): possible fracture of {expected}"


@pytest.mark.parametrize("category", ["osteoporosis-range", "low"])
def test_a_low_density_keeps_the_first_place(category):
    """The card's detail names the fracture; the line says how low the density is."""
    assert summary_of(an_assessment(category=category, **LOST)) == summary_of(
        an_assessment(category=category, acquisition=IN_MAY)
    )


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
    assert summary_of(assessment, dxa_ordered=True).endswith(f"), {expected}")
