"""Mirrors cds/bone/correction.py and cds/bone/corrected_column.py."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assess import measure_volume
from cds.bone.assessment import HeightLoss, Software
from cds.bone.corrected_column import Change
from cds.bone.correction import WHY_NOT, Uncorrectable, corrected, may_be_left_out
from cds.bone.level_conversion import CONVERSIONS
from cds.bone.record import from_record, to_record
from cds.bone.survey import VERDICT_FLAGS
from cds.ct.patient import ArchivedPatient
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import L1, L2, L3, T12, Trunk, a_series
from tests.support.assessments import a_correctable, a_level_calibration, a_refusal, an_assessment

T11, L4, L5 = VertebralLevel.T11, VertebralLevel.L4, VertebralLevel.L5
MESA = "mesa-chinese-american"
SERIES = a_series(
    patient=ArchivedPatient("PAT-1", birth_date=date(1950, 1, 1), sex="female"),
    study_date=date(2026, 1, 30),
    slice_thickness_mm=3.0,
)
TRUNK = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=8.0, series=SERIES)
VOLUME, SPINE = TRUNK.volume(), TRUNK.spine()


def measured(spine=SPINE, **facts):
    """A simulated patient, as the record says."""
    usual = {
        "patient_check": "matched",
        "today": date(2026, 3, 1),
        "timing_s": {},
        "population": "mesa-chinese-american",
    }
    software = Software("0.1.0", "test", "0" * 64)
    found = measure_volume(VOLUME, spine, PhysicsCalibrator(), software=software, **(usual | facts)).assessment
    return from_record(to_record(found))


def named_otherwise(spine, by):
    """The same bodies, each named by so many levels lower."""
    order = list(VertebralLevel)
    names = {each.level: order[order.index(each.level) + by] for each in spine.bodies}
    return replace(spine, bodies=tuple(replace(each, level=names[each.level]) for each in spine.bodies))


PLAIN = measured()


def says(assessment):
    """What a clinician reads."""
    return (
        assessment.status,
        assessment.category,
        assessment.levels_used,
        set(assessment.flags),
        [(each.level, each.used, {reason.code for reason in each.reasons}) for each in assessment.levels],
    )


@pytest.mark.parametrize("out", [L1, L2])
def test_leaving_a_level_out_gives_what_measuring_without_it_gives(out):
    """Value and interval to the rounding of the record; category, levels, flags and Z-score as well."""
    without = measured(Spine(tuple(each for each in SPINE.bodies if each.level != out), 1.0, SPINE.aorta))
    found = corrected(PLAIN, Change(((out, "fracture"),)))

    assert found.vbmd_mg_cm3 == pytest.approx(without.vbmd_mg_cm3, abs=0.15)
    assert found.ci95_mg_cm3 == pytest.approx(without.ci95_mg_cm3, abs=0.3)
    assert found.z_score == pytest.approx(without.z_score, abs=0.02)
    assert found.probability_osteoporosis_range == pytest.approx(without.probability_osteoporosis_range, abs=0.01)
    assert (found.category, found.levels_used) == (without.category, without.levels_used)
    assert set(found.flags) == set(without.flags)
    assert found.calibration.of_level == without.calibration.of_level


@pytest.mark.parametrize("by", [-1, 1])
def test_renaming_gives_what_measuring_under_the_other_names_gives(by):
    """The four levels that were measured, all one up or one down."""
    otherwise = measured(named_otherwise(SPINE, by))
    found = corrected(PLAIN, Change(renamed=by))

    assert found.levels_used == otherwise.levels_used == (L1, L2)
    assert found.vbmd_mg_cm3 == pytest.approx(otherwise.vbmd_mg_cm3, abs=0.15)
    assert found.ci95_mg_cm3 == pytest.approx(otherwise.ci95_mg_cm3, abs=0.3)
    assert set(found.flags) == set(otherwise.flags)
    assert {each.level for each in found.levels} >= {L1, L2}
    assert found.numbering_confidence is None


def test_what_a_reader_left_out_says_so():
    """At the level, and among the reasons of the result, with the level's name."""
    found = corrected(PLAIN, Change(((L2, "outline"),)))
    level = next(each for each in found.levels if each.level == L2)

    assert [reason.code for reason in level.reasons] == ["level-outline-read"]
    assert not level.used
    assert [reason.text.partition(":")[0] for reason in found.reasons] == ["L2"]
    assert found.levels_used == (L1, L3)


def test_two_levels_left_out_leave_the_others():
    """The rule of levels goes on to L3 and T12; three leave one, with its flag."""
    assert corrected(PLAIN, Change(((L1, "fracture"), (L2, "lesion")))).levels_used == (T12, L3)
    one = corrected(PLAIN, Change(((L1, "fracture"), (L2, "lesion"), (L3, "outline"))))
    assert one.levels_used == (T12,)
    assert "single-level" in one.flags


def test_outliers_are_judged_without_what_the_reader_leaves_out():
    """L1 deviates from L2 and L3, which are both wrong: then it is no outlier any more."""
    values = {T12: 80, L1: 82, L2: 150, L3: 152}
    before = a_correctable(values, left_out={T12: "level-outlier", L1: "level-outlier"}, used=(L2, L3))

    after = corrected(before, Change(((L2, "lesion"), (L3, "lesion"))))

    assert after.levels_used == (T12, L1)
    assert after.vbmd_mg_cm3 == pytest.approx(81, abs=1.5)


def test_names_given_by_a_reader_are_not_in_doubt():
    """Leaving out keeps the doubt; renaming ends it, with a narrower interval and a Z-score."""
    doubtful = replace(
        a_correctable({T12: 80, L1: 82, L2: 84, L3: 86}), numbering_confidence=0.4, flags=("level-ambiguous",)
    )
    left_out, renamed = (corrected(doubtful, change) for change in (Change(((L2, "fracture"),)), Change(renamed=1)))

    assert "level-ambiguous" in left_out.flags
    assert "level-ambiguous" not in renamed.flags
    assert left_out.z_score is None
    assert renamed.z_score is not None


def test_a_wrong_outline_tells_nothing_of_the_height():
    """A possible fracture of that level is told no more; of a level that a reader sees fractured it is."""
    values = {T12: 80, L1: 82, L2: 90, L3: 86}
    before = a_correctable(values, height_losses=(HeightLoss(L2, 31.0),))

    assert corrected(before, Change(((L2, "outline"),))).height_losses == ()
    assert corrected(before, Change(((L2, "fracture"),))).height_losses == (HeightLoss(L2, 31.0),)
    assert corrected(before, Change(renamed=-1)).height_losses == (HeightLoss(L1, 31.0),)


@pytest.mark.parametrize(
    ("before", "change", "code"),
    [
        (a_refusal(), Change(renamed=1), "no-value"),
        (an_assessment(), Change(((L2, "fracture"),)), "not-kept"),
        (PLAIN, Change(((T11, "fracture"),)), "not-measured"),
        (PLAIN, Change(tuple((each, "fracture") for each in (T12, L1, L2, L3))), "nothing-left"),
        (PLAIN, Change(((T12, "fracture"),)), "changes-nothing"),
        (a_correctable({L1: 80, L2: 82}), Change(renamed=1), "not-looked-at"),
        (a_correctable({L1: 80, L2: 82}), Change(renamed=-1), "not-looked-at"),
        (a_correctable({T11: 80, L5: 82, L1: 80, L2: 81}), Change(renamed=1), "not-looked-at"),
    ],
)
def test_no_value_is_made_up(before, change, code):
    """Where the record does not hold what it takes, there is no correction, and a sentence says why."""
    assert corrected(before, change) == Uncorrectable(code)
    assert WHY_NOT[code]


def test_what_was_dropped_already_is_not_offered():
    """Neither what was cut nor what was a fracture; outliers and idle levels may be wrong too."""
    before = a_correctable({T12: 80, L1: 82, L2: 150, L3: 86}, left_out={L2: "level-outlier", L3: "level-edge"})

    assert may_be_left_out(before) == (T12, L1, L2)


@pytest.mark.parametrize("named", [{}, {"left_out": ((L1, "fracture"), (L1, "lesion"))}])
def test_a_change_changes_something_once(named):
    """Nothing, or one level twice, is no change."""
    with pytest.raises(ValueError, match="leaves levels out"):
        Change(**named)


densities = st.fixed_dictionaries({level: st.floats(20.0, 250.0) for level in (T12, L1, L2, L3)})
whys = st.sampled_from(["fracture", "outline", "lesion"])


@given(densities, st.sampled_from([L1, L2, L3, T12]), whys, st.sampled_from(["none", "unknown"]))
def test_laws_of_leaving_out(values, out, why, contrast):
    """The level never counts, the others alone make the value, and the same again is refused or the same."""
    before = a_correctable(values, contrast=contrast)
    after = corrected(before, Change(((out, why),)))
    if isinstance(after, Uncorrectable):
        assert after.code == "changes-nothing"
        return

    counting = [each for each in after.levels if each.used]
    converted = [each.vbmd_mg_cm3 / CONVERSIONS[each.level].ratio for each in counting]
    assert out not in after.levels_used
    assert {each.level for each in counting} == set(after.levels_used)
    assert min(converted) - 0.1 <= after.vbmd_mg_cm3 <= max(converted) + 0.1
    assert after.ci95_mg_cm3[0] < after.vbmd_mg_cm3 < after.ci95_mg_cm3[1]
    assert (after.interval_kind == "upper-estimate") is (contrast != "none")
    assert from_record(to_record(after)).vbmd_mg_cm3 == after.vbmd_mg_cm3


@given(densities, st.sampled_from([-1, 1]))
def test_laws_of_renaming(values, by):
    """Every vertebra keeps what it reads; only its name, and what follows from the name, changes."""
    before = a_correctable(values)
    after = corrected(before, Change(renamed=by))
    if isinstance(after, Uncorrectable):
        assert after.code in {"not-looked-at", "changes-nothing"}
        return

    assert [each.vbmd_mg_cm3 for each in after.levels] == [each.vbmd_mg_cm3 for each in before.levels]
    assert [each.level for each in after.levels] != [each.level for each in before.levels]
    assert set(after.levels_used) <= set(CONVERSIONS)


def test_flags_that_are_judged_later_are_no_flags_of_a_measurement():
    """Else a correction would drop what belongs to the measurement of the level."""
    assert not VERDICT_FLAGS & {flag for each in PLAIN.levels for flag in each.flags}
    assert a_level_calibration() == PLAIN.calibration.at(a_level_calibration()).of_level
