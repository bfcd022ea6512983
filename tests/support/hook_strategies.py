"""Hypothesis strategies for assessments, bounded to what a measurement can give."""

from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Contrast, HeightLoss
from cds.chart import ChartFacts, DxaResult
from cds.ct.reason import SENTENCES, Reason
from tests.support.assessments import a_calibration, a_level, a_refusal, an_acquisition, an_assessment

densities = st.floats(-40.0, 450.0, allow_nan=False)
flags = st.sampled_from(
    ["scanner-not-calibrated", "contrast-enhanced", "single-level", "thoracic-estimate", "near-80", "a-new-flag"]
)
height_losses = st.lists(
    st.builds(HeightLoss, st.sampled_from(VertebralLevel), st.floats(25.0, 100.0)),
    max_size=len(VertebralLevel),
    unique_by=lambda loss: loss.level,
).map(tuple)
record_text = st.text(max_size=64) | st.sampled_from(["<script>alert(1)</script>", "[a](http://b)", "|", ""])


@st.composite
def acquisitions(draw: st.DrawFn):
    """Any CT, with anything in its free text."""
    return an_acquisition(
        study_date=draw(st.none() | st.dates(date(1990, 1, 1), date(2040, 12, 31))),
        kvp=draw(st.none() | st.sampled_from([70.0, 120.0, 140.0])),
        kernel=draw(st.none() | record_text),
        manufacturer=draw(st.none() | record_text),
        model=draw(st.none() | record_text),
        slice_thickness_mm=draw(st.none() | st.floats(0.4, 10.0)),
    )


@st.composite
def assessed(draw: st.DrawFn):
    """Any assessed result."""
    value = draw(densities)
    interval = (value - draw(st.floats(0.0, 60.0)), value + draw(st.floats(0.0, 40.0)))
    levels = draw(st.lists(st.sampled_from(VertebralLevel), min_size=1, max_size=5, unique=True))
    kind = draw(st.sampled_from(["two-sided", "upper-estimate"]))
    return an_assessment(
        category=draw(st.sampled_from(["osteoporosis-range", "low", "normal", "indeterminate", None])),
        probability_osteoporosis_range=draw(st.none() | st.floats(0.0, 1.0)),
        vbmd_mg_cm3=value,
        ci95_mg_cm3=interval,
        interval_kind=kind,
        contrast=Contrast(draw(st.sampled_from(["none", "enhanced", "unknown"]))),
        levels_used=tuple(levels),
        levels=tuple(a_level(level, vbmd_mg_cm3=value, ci95_mg_cm3=interval) for level in levels),
        height_losses=draw(height_losses),
        flags=tuple(draw(st.lists(flags, max_size=4, unique=True))),
        acquisition=draw(acquisitions()),
        calibration=draw(st.none() | st.just(a_calibration())),
    )


@st.composite
def refusals(draw: st.DrawFn):
    """Any result that is not assessable."""
    codes = draw(st.lists(st.sampled_from(sorted(SENTENCES)), min_size=1, max_size=3, unique=True))
    reasons = [Reason(code, f"{SENTENCES[code]} {draw(record_text)}") for code in codes]
    return a_refusal(*reasons, acquisition=draw(acquisitions()), height_losses=draw(height_losses))


assessments = assessed() | refusals()

t_scores = st.none() | st.floats(-6.0, 4.0).map(lambda score: round(score, 2))
dxa_results = st.builds(DxaResult, st.dates(date(2020, 1, 1), date(2026, 3, 3)), t_scores)
chart_facts = st.builds(
    ChartFacts,
    birth_date=st.none() | st.dates(date(1920, 1, 1), date(2000, 1, 1)),
    deceased=st.booleans(),
    emergency=st.booleans(),
    comfort_care=st.booleans(),
    pregnant=st.booleans(),
    osteoporosis_known=st.booleans(),
    osteoporosis_treated=st.booleans(),
    dxa_ordered=st.booleans(),
    latest_dxa=st.none() | dxa_results,
    bone_malignancy=st.booleans(),
    unread=st.lists(st.sampled_from(["conditions", "medications", "dxaReports", "<b>"]), max_size=3, unique=True).map(
        tuple
    ),
)
talking_charts = chart_facts.map(lambda facts: replace(facts, deceased=False, emergency=False, comfort_care=False))
"""Charts that do not forbid every card by themselves."""
