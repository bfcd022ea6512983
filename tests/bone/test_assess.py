"""Mirrors cds/bone/assess.py: one CT of a simulated patient becomes one assessment."""

from dataclasses import replace

import pytest

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assess import levels_to_outline
from cds.ct.volume import CtVolume
from tests.bone.assessing import COARSE, PLAIN, SERIES, SOFTWARE, SPINE, VOLUME, assess, of
from tests.bone.phantom import L1, L2, L3, T12, flipped, moved_lps, padded


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


def test_an_unknown_study_date_has_no_age():
    """Without a date the scan's age is unknown, and the patient's age too."""
    found = assess(CtVolume(VOLUME.hu.copy(), VOLUME.affine_lps.copy(), replace(SERIES, study_date=None)))

    assert found.acquisition.scan_age_days is None
    assert "age-unknown" in found.flags


def test_thoracic_levels_are_always_outlined():
    """T7 to L3 by default, so that a thoracic estimate has its levels; L4 and L5 only on request."""
    usual = levels_to_outline(all_levels=False)

    assert set(VertebralLevel) - set(usual) == {VertebralLevel.L4, VertebralLevel.L5}
    assert set(levels_to_outline(all_levels=True)) == set(VertebralLevel)


def test_lossy_images_are_flagged():
    """Compression with loss is said on the result."""
    lossy = CtVolume(VOLUME.hu.copy(), VOLUME.affine_lps.copy(), replace(SERIES, lossy=True))

    assert "lossy-compression" in assess(lossy).flags


def test_a_mirrored_patient_is_measured_and_flagged():
    """Left and right exchanged change no density."""
    found = assess(spine=replace(SPINE, is_mirrored=True))

    assert "mirrored" in found.flags
    assert found.vbmd_mg_cm3 == PLAIN.vbmd_mg_cm3
