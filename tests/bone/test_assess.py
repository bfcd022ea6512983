from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assess import levels_to_outline, measure_volume, not_assessable
from cds.bone.assessment import Software
from cds.ct.patient import ArchivedPatient
from cds.ct.reason import because
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import (
    L1,
    L2,
    L3,
    T12,
    Trunk,
    a_body,
    a_canal,
    a_series,
    crush,
    flipped,
    level_z_mm,
    moved_lps,
    padded,
    wedge,
)

TODAY = date(2026, 3, 1)
SOFTWARE = Software("0.1.0", "test", "0" * 64)
CALIBRATOR = PhysicsCalibrator()
OLDER = ArchivedPatient("PAT-1", birth_date=date(1950, 1, 1), sex="female")
SERIES = a_series(patient=OLDER, study_date=date(2026, 1, 30), slice_thickness_mm=3.0)
COARSE = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=8.0, series=SERIES)
VOLUME, SPINE = COARSE.volume(), COARSE.spine()


def assess(volume=VOLUME, spine=SPINE, **facts):
    """Assess with the usual circumstances."""
    usual = {"patient_check": "matched", "today": TODAY, "software": SOFTWARE, "timing_s": {"read": 0.5}}
    return measure_volume(volume, spine, CALIBRATOR, **(usual | facts)).assessment


def of(trunk, **facts):
    """Assess a simulated patient."""
    return assess(trunk.volume(), trunk.spine(), **facts)


def codes(assessment):
    """The codes of its reasons."""
    return [reason.code for reason in assessment.reasons]


PLAIN = assess()


def test_a_plain_ct_is_assessed():
    """L1 and L2 at 150 HU make about 117 mg/cm3, low, with an interval and nothing held back."""
    assert PLAIN.status == "assessed"
    assert PLAIN.vbmd_mg_cm3 == pytest.approx(117, abs=2)
    assert PLAIN.category == "low"
    assert PLAIN.levels_used == (L1, L2)
    assert PLAIN.interval_kind == "two-sided"
    assert PLAIN.reasons == ()
    assert PLAIN.basis == "K2HPO4"


def test_its_circumstances_are_kept():
    """Acquisition, age of the scan, timing, software and patient check are in the assessment."""
    assert PLAIN.acquisition.series_uid == SERIES.series_uid
    assert PLAIN.acquisition.scan_age_days == 30
    assert PLAIN.acquisition.patient_id == "PAT-1"
    assert PLAIN.timing_s == {"read": 0.5}
    assert PLAIN.software == SOFTWARE
    assert PLAIN.patient_check == "matched"
    assert PLAIN.numbering_confidence == 1.0


def test_levels_that_are_not_needed_are_shown_as_such():
    """T12 and L3 are measured to compare, and not used."""
    assert {level.level: level.used for level in PLAIN.levels} == {T12: False, L1: True, L2: True, L3: False}


def test_the_flags_of_an_unknown_scanner():
    """A threshold within the interval and the scanner without calibration are said."""
    assert set(PLAIN.flags) == {"near-120", "scanner-not-calibrated"}


@pytest.mark.parametrize(
    "volume",
    [flipped(VOLUME, 0), flipped(VOLUME, 1), flipped(VOLUME, 2), padded(VOLUME, (2, 5, 9), (4, 12, 3))],
    ids=["slices flipped", "rows flipped", "columns flipped", "padded"],
)
def test_storage_does_not_change_the_result(volume):
    """Flipped or padded, the same patient has the same vBMD and category."""
    other = assess(volume)

    assert other.vbmd_mg_cm3 == pytest.approx(PLAIN.vbmd_mg_cm3, abs=0.4)
    assert other.category == PLAIN.category
    assert other.levels_used == PLAIN.levels_used


def test_the_place_in_the_scanner_does_not_change_the_result():
    """Moved in patient space the result is the same."""
    other = assess(*moved_lps(VOLUME, SPINE, (31.7, -12.3, 412.9)))

    assert other.vbmd_mg_cm3 == pytest.approx(PLAIN.vbmd_mg_cm3, abs=0.2)


def test_slices_of_half_the_thickness_do_not_change_the_result():
    """The same patient in 1.5 mm slices has the same vBMD within 1 mg/cm3."""
    fine = of(COARSE.but(spacing_mm=(1.5, 2.0, 2.0), series=replace(SERIES, slice_thickness_mm=1.5)))

    assert fine.vbmd_mg_cm3 == pytest.approx(PLAIN.vbmd_mg_cm3, abs=1)


@pytest.mark.parametrize(
    ("hu", "category"), [(60, "osteoporosis-range"), (95, "osteoporosis-range"), (130, "low"), (170, "normal")]
)
def test_denser_bone_climbs_through_the_categories(hu, category):
    """From fatty to dense marrow the category rises."""
    assert of(COARSE.but(bone_hu={L1: hu, L2: hu})).category == category


def test_contrast_makes_it_an_upper_estimate():
    """Blood over 70 HU: flag, interval widened downwards by 25, category by the uncorrected value."""
    found = of(COARSE.but(blood_hu=180.0))

    assert found.contrast.state == "enhanced"
    assert found.contrast.aorta_hu == pytest.approx(180, abs=2)
    assert found.interval_kind == "upper-estimate"
    assert found.ci95_mg_cm3[0] == pytest.approx(PLAIN.ci95_mg_cm3[0] - 25, abs=0.5)
    assert found.category == "low"
    assert "contrast-enhanced" in found.flags
    for level, plain in zip(found.levels, PLAIN.levels, strict=True):
        assert level.ci95_mg_cm3[0] == pytest.approx(plain.ci95_mg_cm3[0] - 25, abs=1)
        assert level.ci95_mg_cm3[1] == pytest.approx(plain.ci95_mg_cm3[1], abs=1)
    assert found.z_score is None


def test_no_aorta_is_treated_as_contrast():
    """Without a blood sample contrast is unknown, and unknown is treated as contrast."""
    found = assess(spine=replace(SPINE, aorta=None))

    assert found.contrast.state == "unknown"
    assert found.interval_kind == "upper-estimate"
    assert "contrast-unknown" in found.flags


def test_dense_blood_is_kept_out_of_the_region():
    """Blood of 400 HU beside the body shrinks the region on its side."""
    dense, plain = of(COARSE.but(blood_hu=400.0)), of(COARSE.but(blood_hu=180.0))

    assert dense.levels[1].roi_cm3 <= plain.levels[1].roi_cm3
    assert dense.status == "assessed"


def test_a_single_level_is_flagged():
    """With L1 alone the interval is wider."""
    found = of(COARSE.but(bone_hu={L1: 150}))

    assert found.levels_used == (L1,)
    assert "single-level" in found.flags
    assert found.ci95_mg_cm3[0] < PLAIN.ci95_mg_cm3[0]


def test_a_cut_level_is_named_and_replaced():
    """L2 cut by the scan: L1 with L3, and the reason says which level."""
    bodies = tuple(replace(b, cut_by_border=b.level == L2) for b in SPINE.bodies)
    found = assess(spine=replace(SPINE, bodies=bodies))

    assert found.status == "assessed"
    assert found.levels_used == (L1, L3)
    assert [reason.text for reason in found.reasons] == ["L2: The vertebra is cut by the edge of the scan."]


def test_a_thoracic_estimate_is_never_normal():
    """From T10 and T11 alone: flagged, wide, no category."""
    levels = {VertebralLevel.T10: 260, VertebralLevel.T11: 260}
    found = of(COARSE.but(bone_hu=levels, extent_mm=(150.0, 260.0, 330.0), centre_mm=(0.0, -40.0, 90.0)))

    assert "thoracic-estimate" in found.flags
    assert found.category == "indeterminate"
    assert found.ci95_mg_cm3[1] - found.ci95_mg_cm3[0] > 4 * 16 * 0.97


@pytest.mark.parametrize(
    "spine",
    [
        replace(SPINE, numbering_confidence=0.4),
        replace(SPINE, bodies=tuple(replace(b, name_agrees=b.level != L2) for b in SPINE.bodies)),
    ],
    ids=["low confidence", "disputed name"],
)
def test_ambiguous_numbering_is_flagged(spine):
    """Names that may be off by one are said, and widen the interval."""
    found = assess(spine=spine)

    assert "level-ambiguous" in found.flags
    assert found.ci95_mg_cm3[0] < PLAIN.ci95_mg_cm3[0]


def test_ambiguous_numbering_has_no_z_score():
    """A value whose levels may be others is not held against a norm."""
    sure = assess(population="mesa-chinese-american")
    unsure = assess(population="mesa-chinese-american", spine=replace(SPINE, numbering_confidence=0.4))

    assert sure.z_score is not None
    assert (unsure.z_score, unsure.population) == (None, None)


@pytest.mark.parametrize("confidence", [0.0, 0.01])
def test_names_without_support_are_refused(confidence):
    """Under 0.02 no level is used under a name that nothing supports; the confidence is told."""
    found = assess(spine=replace(SPINE, numbering_confidence=confidence))

    assert codes(found) == ["numbering-uncertain"]
    assert (found.vbmd_mg_cm3, found.levels, found.height_losses) == (None, (), ())
    assert found.numbering_confidence == confidence


COLLAPSED = {level: COARSE.but(shapes={level: wedge()}) for level in (L1, L2)}
WEDGED = {level: (trunk.volume(), trunk.spine()) for level, trunk in COLLAPSED.items()}
"""CT and spine of a patient with one body collapsed in front."""


def test_a_collapsed_body_is_told_though_it_has_no_density():
    """L1 collapsed to 5 mm in front is refused for its size, replaced, and reported with its loss of height."""
    found = assess(*WEDGED[L1])

    assert found.status == "assessed"
    assert found.levels_used == (L2, L3)
    assert codes(found) == ["level-roi-small"]
    assert [loss.level for loss in found.height_losses] == [L1]
    assert found.height_losses[0].percent > 40


def test_a_collapsed_body_is_told_where_nothing_can_be_measured():
    """Without any value the result still carries the possible fracture."""
    volume, spine = WEDGED[L1]
    bodies = tuple(b if b.level == L1 else replace(b, cut_by_border=True) for b in spine.bodies)
    found = assess(volume, replace(spine, bodies=bodies))

    assert found.status == "not-assessable"
    assert [loss.level for loss in found.height_losses] == [L1]


def test_the_plain_spine_lost_no_height():
    """No body, no fracture."""
    assert PLAIN.height_losses == ()


@pytest.mark.parametrize("level", [L1, L2])
def test_a_level_of_doubtful_name_is_not_called_fractured(level):
    """Where the row, or the level itself, may be named wrongly, no fracture is named."""
    volume, spine = WEDGED[level]
    disputed = tuple(replace(b, name_agrees=b.level != level) for b in spine.bodies)

    assert assess(volume, spine).height_losses != ()
    assert assess(volume, replace(spine, numbering_confidence=0.4)).height_losses == ()
    assert assess(volume, replace(spine, bodies=disputed)).height_losses == ()


def test_ambiguous_numbering_is_flagged_without_a_value_too():
    """Levels that were all refused may be named wrongly as well."""
    bodies = tuple(replace(b, cut_by_border=True) for b in SPINE.bodies)

    assert "level-ambiguous" in assess(spine=replace(SPINE, bodies=bodies, numbering_confidence=0.4)).flags


def test_a_disputed_name_of_an_unused_level_does_not_matter():
    """Only the levels that make the result need sure names."""
    bodies = tuple(replace(b, name_agrees=b.level != L3) for b in SPINE.bodies)

    assert "level-ambiguous" not in assess(spine=replace(SPINE, bodies=bodies)).flags


def test_an_unverified_patient_is_flagged():
    """Images without birth date and sex leave a flag, assessed or not."""
    assert "identity-unverified" in assess(patient_check="unverified").flags
    assert "identity-unverified" in assess(patient_check="unverified", spine=Spine((), 0.0)).flags


def test_a_mismatch_is_refused_before_anything_is_measured():
    """The wrong patient's images have no value, whatever they show."""
    found = assess(patient_check="mismatch")

    assert found.status == "not-assessable"
    assert codes(found) == ["patient-mismatch"]
    assert found.levels == ()


def test_a_z_score_names_its_population():
    """Only where there is a Z-score is a population named."""
    named = assess(population="mesa-chinese-american")

    assert named.population == "mesa-chinese-american"
    assert named.z_score == pytest.approx(1.9, abs=0.3)
    assert PLAIN.population is None
    assert PLAIN.z_score is None


def test_all_levels_are_measured_on_request():
    """L4 is measured only when every level is asked for, and used never."""
    l4 = VertebralLevel.L4
    trunk = COARSE.but(
        bone_hu={L1: 150, L2: 150, L3: 150, l4: 150}, extent_mm=(186.0, 260.0, 330.0), centre_mm=(0.0, -40.0, -52.5)
    )
    usual, everything = of(trunk), of(trunk, all_levels=True)

    assert l4 not in {level.level for level in usual.levels}
    assert {level.level: level.used for level in everything.levels}[l4] is False
    assert everything.vbmd_mg_cm3 == usual.vbmd_mg_cm3


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


def test_an_unknown_study_date_has_no_age():
    """Without a date the scan's age is unknown, and the patient's age too."""
    found = assess(CtVolume(VOLUME.hu.copy(), VOLUME.affine_lps.copy(), replace(SERIES, study_date=None)))

    assert found.acquisition.scan_age_days is None
    assert "age-unknown" in found.flags


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


def test_thoracic_levels_are_always_outlined():
    """T7 to L3 by default, so that a thoracic estimate has its levels; L4 and L5 only on request."""
    usual = levels_to_outline(all_levels=False)

    assert set(VertebralLevel) - set(usual) == {VertebralLevel.L4, VertebralLevel.L5}
    assert set(levels_to_outline(all_levels=True)) == set(VertebralLevel)


def test_lossy_images_are_flagged():
    """Compression with loss is said on the result."""
    lossy = CtVolume(VOLUME.hu.copy(), VOLUME.affine_lps.copy(), replace(SERIES, lossy=True))

    assert "lossy-compression" in assess(lossy).flags


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


def test_a_mirrored_patient_is_measured_and_flagged():
    """Left and right exchanged change no density."""
    found = assess(spine=replace(SPINE, is_mirrored=True))

    assert "mirrored" in found.flags
    assert found.vbmd_mg_cm3 == PLAIN.vbmd_mg_cm3


def test_blank_images_are_refused():
    """Images that show nothing say so, rather than that there is no vertebra."""
    blank = CtVolume(np.full_like(VOLUME.hu, -1000), VOLUME.affine_lps.copy(), SERIES)

    assert codes(assess(blank, Spine((), 0.0))) == ["no-anatomy"]


def test_an_outline_in_doubt_is_shown_and_not_used():
    """No canal behind L1 alone: left out with a reason beside what it reads, and replaced."""
    found = assess(spine=replace(SPINE, spinal_canal=without_canal_at(L1)))
    of_l1 = {level.level: level for level in found.levels}[L1]

    assert found.levels_used == (L2, L3)
    assert not of_l1.used
    assert of_l1.hu == pytest.approx(150, abs=2)
    assert [reason.code for reason in of_l1.reasons] == ["level-without-canal"]
    assert [reason.text[:3] for reason in found.reasons] == ["L1:"]


def without_canal_at(level):
    """The canal, not seen within 14 mm of one body's centre."""
    canal = a_canal()
    height_mm = canal.affine_lps[2, 0] * np.arange(canal.inside.shape[0]) + canal.affine_lps[2, 3]
    hidden = np.abs(height_mm - level_z_mm(level)) <= 14
    return replace(canal, inside=np.where(hidden[:, None, None], 0, canal.inside).astype(np.float32))


def test_no_fracture_is_told_of_an_outline_in_doubt():
    """A collapsed body behind which no canal is seen is not called a fracture."""
    volume, spine = WEDGED[L1]
    found = assess(volume, replace(spine, spinal_canal=without_canal_at(L1)))

    assert found.height_losses == ()
    assert codes(found) == ["level-without-canal", "level-roi-small"]


def test_a_crush_fracture_is_told():
    """L1 fallen evenly from 27 to 14 mm: found beside its neighbours, graded, told, and not used."""
    crushed = COARSE.but(shapes={L1: crush(14.0)})
    found = of(crushed)

    assert [loss.level for loss in found.height_losses] == [L1]
    assert found.height_losses[0].percent == pytest.approx(48, abs=8)
    assert L1 not in found.levels_used


def test_a_moderate_loss_is_graded_on_its_level():
    """A crush of 30 % leaves enough bone to measure: shown with value, grade and reason, not used."""
    thin = replace(SERIES, slice_thickness_mm=1.5)
    found = of(COARSE.but(shapes={L1: crush(18.5)}, spacing_mm=(1.5, 2.0, 2.0), series=thin))
    of_l1 = {level.level: level for level in found.levels}[L1]

    assert "height-loss-moderate" in of_l1.flags
    assert [reason.code for reason in of_l1.reasons] == ["level-fracture"]
    assert of_l1.height_loss_percent == pytest.approx(31, abs=6)
