"""Mirrors cds/bone/assess.py: what is refused has its reasons and no number."""

from dataclasses import replace

import numpy as np
import pytest

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assess import not_assessable
from cds.ct.reason import because
from cds.ct.volume import CtVolume
from tests.bone.assessing import COARSE, SERIES, SOFTWARE, SPINE, TODAY, VOLUME, assess, codes, measure, of
from tests.bone.phantom import a_body


@pytest.mark.parametrize("confidence", [0.0, 0.01])
def test_names_without_support_are_refused(confidence):
    """Under 0.02 no level is used under a name that nothing supports; the confidence is told."""
    found = assess(spine=replace(SPINE, numbering_confidence=confidence))

    assert codes(found) == ["numbering-uncertain"]
    assert (found.vbmd_mg_cm3, found.levels, found.height_losses) == (None, (), ())
    assert found.numbering_confidence == confidence


def test_a_mismatch_is_refused_before_anything_is_measured():
    """The wrong patient's images have no value, whatever they show."""
    found = assess(patient_check="mismatch")

    assert found.status == "not-assessable"
    assert codes(found) == ["patient-mismatch"]
    assert found.levels == ()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"kvp": None}, "kvp-missing"),
        ({"filter_type": "TIN"}, "spectral-filter"),
        ({"slice_thickness_mm": 8.0}, "slices-too-thick"),
        ({"rescale_type": "US"}, "rescale-wrong"),
        ({"patient_age_years": 12, "study_date": None}, "age-below-18"),
    ],
)
def test_a_refused_series_has_no_number(facts, code):
    """Each refusal is a reason, once, and no value."""
    found = assess(CtVolume(VOLUME.hu.copy(), VOLUME.affine_lps.copy(), replace(SERIES, **facts)))

    assert codes(found) == [code]
    assert (found.vbmd_mg_cm3, found.category, found.levels) == (None, None, ())


def test_a_scan_without_spine_is_refused():
    """No body, no measurement."""
    assert codes(assess(spine=Spine((), 0.0))) == ["no-vertebra-found"]


def test_a_spine_below_l3_is_refused():
    """L4 alone stands for nothing."""
    found = assess(spine=Spine((a_body(VertebralLevel.L4),), 1.0))

    assert codes(found) == ["no-vertebra-found"]


def test_no_usable_level_tells_every_reason():
    """Where every level fails, the result is not assessable and says why for each."""
    bodies = tuple(replace(b, cut_by_border=True) for b in SPINE.bodies)
    found = assess(spine=replace(SPINE, bodies=bodies))

    assert found.status == "not-assessable"
    assert codes(found) == ["level-cut"] * 4
    assert [reason.text.split(":")[0] for reason in found.reasons] == ["T12", "L1", "L2", "L3"]
    assert found.contrast.state == "none"


@pytest.mark.parametrize(
    "spine",
    [
        pytest.param(replace(SPINE, numbering_confidence=0.0), id="names without support"),
        pytest.param(Spine((), 0.0), id="nothing outlined"),
        pytest.param(Spine((), 0.0, turns=("upside-down",)), id="upside down"),
    ],
)
def test_voxels_are_kept_only_where_vertebrae_are_told_of(spine):
    """Pictures would show names and sides that are in doubt; a level that is merely cut can be looked at."""
    cut = measure(spine=replace(SPINE, bodies=tuple(replace(b, cut_by_border=True) for b in SPINE.bodies)))

    assert measure(spine=spine).ct is None
    assert cut.ct is not None


def test_a_refusal_without_voxels():
    """What was refused before retrieval carries its reasons and the series' facts."""
    found = not_assessable(
        SERIES, [because("kvp-missing")], patient_check="unverified", today=TODAY, software=SOFTWARE, timing_s={}
    )

    assert codes(found) == ["kvp-missing"]
    assert found.flags == ("identity-unverified",)
    assert found.acquisition.study_uid == SERIES.study_uid


def test_a_refusal_needs_a_reason():
    """Not assessable without saying why is a fault."""
    with pytest.raises(ValueError, match="reason"):
        not_assessable(SERIES, [], patient_check="matched", today=TODAY, software=SOFTWARE, timing_s={})


def test_a_patient_upside_down_is_refused():
    """A scan turned against its labels has its own reason, and no value."""
    found = assess(spine=Spine((), 0.0, turns=("upside-down",)))

    assert codes(found) == ["orientation-upside-down"]
    assert found.vbmd_mg_cm3 is None


def test_pedicles_below_are_a_patient_upside_down():
    """Whatever the vertebrae are called, pedicles that leave their lower halves refuse the scan."""
    found = of(COARSE.but(pedicles_mm=(-11, -1)))

    assert codes(found) == ["orientation-upside-down"]
    assert (found.vbmd_mg_cm3, found.levels, found.height_losses) == (None, (), ())
    assert found.numbering_confidence == 1.0


def test_blank_images_are_refused():
    """Images that show nothing say so, rather than that there is no vertebra."""
    blank = CtVolume(np.full_like(VOLUME.hu, -1000), VOLUME.affine_lps.copy(), SERIES)

    assert codes(assess(blank, Spine((), 0.0))) == ["no-anatomy"]
