"""Results of every kind, drawn at random within physiology: assessed or refused, read by somebody or not."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args

from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Category, Contrast, ContrastState, IntervalKind
from cds.ct.reason import SENTENCES, Reason
from cds.ports import Review
from cds.reporting.terminology import FLAG, SYSTEMS
from tests.support.assessments import (
    MEASURED_AT,
    SCANNED_ON,
    a_calibration,
    a_height_loss,
    a_key,
    a_level,
    a_patient,
    a_refusal,
    a_result,
    an_acquisition,
    an_assessment,
)

densities = st.floats(0.0, 350.0)
intervals = st.tuples(st.floats(-20.0, 300.0), st.floats(0.0, 120.0)).map(lambda drawn: (drawn[0], sum(drawn)))
flags = st.lists(st.sampled_from(sorted(SYSTEMS[FLAG].concepts)), unique=True, max_size=6).map(tuple)
reasons = st.sampled_from(sorted(SENTENCES)).map(lambda code: Reason(code, f"Because of {code}."))
some_levels = st.lists(st.sampled_from(VertebralLevel), unique=True, min_size=1, max_size=5)
contrasts = st.sampled_from(get_args(ContrastState)).map(Contrast)
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=40)

acquisitions = st.builds(
    an_acquisition,
    study_date=st.one_of(st.none(), st.integers(0, 3000).map(lambda days: SCANNED_ON - timedelta(days))),
    kvp=st.one_of(st.none(), st.floats(70.0, 150.0)),
    slice_thickness_mm=st.one_of(st.none(), st.floats(0.4, 5.0)),
    manufacturer=st.one_of(st.none(), st.just(" "), texts),
    model=st.one_of(st.none(), texts),
)


@st.composite
def measured_levels(draw):
    """Vertebrae in the order of the spine; some used, others with reasons."""
    found = []
    for level in sorted(draw(some_levels), key=list(VertebralLevel).index):
        used = draw(st.booleans())
        found.append(
            a_level(
                level,
                hu=draw(st.floats(-100.0, 500.0)),
                vbmd_mg_cm3=draw(densities),
                ci95_mg_cm3=draw(intervals),
                height_loss_percent=draw(st.one_of(st.none(), st.floats(-10.0, 70.0))),
                used=used,
                flags=draw(flags),
                reasons=() if used else (draw(reasons),),
            )
        )
    return tuple(found)


@st.composite
def assessments(draw):
    """Assessed or refused."""
    losses = st.builds(a_height_loss, st.sampled_from(VertebralLevel), st.floats(25.0, 70.0))
    facts = {
        "levels": draw(measured_levels()),
        "flags": draw(flags),
        "contrast": draw(contrasts),
        "acquisition": draw(acquisitions),
        "height_losses": tuple(draw(st.lists(losses, max_size=2))),
        "patient_check": draw(st.sampled_from(["matched", "unverified"])),
    }
    if draw(st.booleans()):
        calibration = draw(st.one_of(st.none(), st.just(a_calibration())))
        return a_refusal(*draw(st.lists(reasons, min_size=1, max_size=3)), calibration=calibration, **facts)
    scanner = draw(st.sampled_from(["site", "documented", "unknown"]))
    return an_assessment(
        category=draw(st.sampled_from([None, *get_args(Category)])),
        vbmd_mg_cm3=draw(densities),
        ci95_mg_cm3=draw(intervals),
        interval_kind=draw(st.sampled_from(get_args(IntervalKind))),
        levels_used=tuple(draw(some_levels)),
        probability_osteoporosis_range=draw(st.one_of(st.none(), st.floats(0.0, 1.0))),
        z_score=draw(st.one_of(st.none(), st.floats(-6.0, 6.0))),
        calibration=a_calibration(scanner=scanner),
        **facts,
    )


reviews = st.one_of(
    st.none(),
    st.builds(Review, texts, st.just("accepted"), st.just(MEASURED_AT + timedelta(days=1)), st.integers(1, 9)),
    st.builds(
        Review, texts, st.just("rejected"), st.just(MEASURED_AT + timedelta(days=1)), st.integers(1, 9), reason=texts
    ),
)

keys = st.builds(a_key, issuer=st.one_of(st.none(), st.just("HOSPITAL")))

results = st.builds(
    lambda key, assessment, review: replace(a_result(a_patient(key), assessment), review=review),
    keys,
    assessments(),
    reviews,
)
