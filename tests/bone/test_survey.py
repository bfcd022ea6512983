import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import HeightLoss
from cds.bone.contrast import CONTRAST_SHIFT_MG_CM3
from cds.bone.level_conversion import CONVERSIONS, choose_levels
from cds.bone.outlined_column import OutlinedColumn
from cds.bone.survey import Survey, judge, survey_levels
from cds.ct.reason import because
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.builders import a_calibration, a_measured
from tests.bone.phantom import L1, L2, L3, T12, Trunk, a_series, wedge

T8, T9, T10, T11 = (VertebralLevel(name) for name in ("T8", "T9", "T10", "T11"))


def of(values, **facts):
    """Measured levels that would read these L1-L2 densities, mg/cm3, after conversion."""
    slope = a_calibration().slope_hu_per_mg_cm3
    return {
        level: a_measured(level, value * slope * CONVERSIONS[level].ratio, **facts.get(level.value, {}))
        for level, value in values.items()
    }


def left_out(verdicts):
    """Codes by level, for the levels that were left out."""
    return {level: [reason.code for reason in v.reasons] for level, v in verdicts.items() if v.reasons}


@pytest.mark.parametrize(
    ("values", "dropped", "comment"),
    [
        ({L1: 80, L2: 82, L3: 78, T12: 84}, {}, "alike"),
        ({L1: 80, L2: 104, L3: 80}, {}, "24 is uneven, not an outlier"),
        ({L1: 80, L2: 106, L3: 80}, {L2: ["level-outlier"]}, "one too dense"),
        ({L1: 80, L2: 150, L3: 82}, {L2: ["level-outlier"]}, "the others are not blamed"),
        ({L1: 80, L2: 50, L3: 82}, {L2: ["level-outlier"]}, "one too low"),
        (
            {L1: 80, L2: 200, L3: 140, T12: 82},
            {L2: ["level-outlier"], L3: ["level-outlier"]},
            "two, one after the other",
        ),
        ({L1: 80, L2: 140}, {}, "two levels cannot tell which is wrong"),
        ({T11: 80, T10: 140, T9: 82}, {T10: ["level-outlier"]}, "thoracic levels among themselves"),
        ({L1: 80, L2: 82, T10: 140}, {}, "thoracic levels do not judge lumbar ones"),
    ],
)
def test_outliers(values, dropped, comment):
    """A level over 25 mg/cm3 from the others is left out while two others remain."""
    assert left_out(judge(of(values))) == dropped, comment


def test_a_low_outlier_asks_for_a_look():
    """A level far below its neighbours carries the flag focal-low; one above does not."""
    low, high = judge(of({L1: 80, L2: 50, L3: 82})), judge(of({L1: 80, L2: 120, L3: 82}))

    assert low[L2].flags == ("focal-low",)
    assert high[L2].flags == ()
    assert "-31 mg/cm3" in low[L2].reasons[0].text


def test_uneven_levels_are_flagged():
    """A level over 15 mg/cm3 from the others, but within 25, is flagged and used."""
    verdicts = judge(of({L1: 80, L2: 80, L3: 98}))

    assert verdicts[L3].flags == ("uneven",)
    assert not left_out(verdicts)


def test_a_lone_level_has_nobody_to_compare_with():
    """One level is judged by its height alone."""
    assert judge(of({L1: 80}))[L1].flags == ()


@pytest.mark.parametrize(
    ("loss", "reasons", "flags"),
    [
        (None, (), ()),
        (0.0, (), ()),
        (19.9, (), ()),
        (20.0, (), ("height-loss-mild",)),
        (24.9, (), ("height-loss-mild",)),
        (25.0, ("level-fracture",), ("height-loss-moderate",)),
        (40.0, ("level-fracture",), ("height-loss-moderate",)),
        (40.1, ("level-fracture",), ("height-loss-severe",)),
    ],
)
def test_fractures(loss, reasons, flags):
    """A loss of 20 % of height is graded, of 25 % leaves the level out; unknown says nothing."""
    verdict = judge(of({L1: 80}, L1={"height_loss_percent": loss}))[L1]

    assert tuple(reason.code for reason in verdict.reasons) == reasons
    assert verdict.flags == flags


def test_fractured_levels_judge_nobody():
    """A fractured level is out before outliers are looked for."""
    verdicts = judge(of({L1: 80, L2: 140, L3: 82}, L2={"height_loss_percent": 40.0}))

    assert left_out(verdicts) == {L2: ["level-fracture"]}


@given(st.dictionaries(st.sampled_from(sorted(CONVERSIONS)), st.floats(20, 300), min_size=1))
def test_two_levels_always_remain(values):
    """Outliers are never taken out of fewer than three comparable levels."""
    survey = Survey(of(values), judge(of(values)), {})

    assert len(survey.usable & {L1, L2, L3, T12}) >= min(2, len(values.keys() & {L1, L2, L3, T12}))


def test_l4_and_l5_are_shown_and_never_used():
    """They may be measured on request but stand for nothing."""
    l4 = VertebralLevel.L4
    measured = {l4: a_measured("L4")}

    assert Survey(measured, judge(measured), {}).usable == frozenset()


def test_reports_say_why_a_level_was_not_used():
    """Used, not needed, left out: each level says which."""
    measured = of({T12: 85, L1: 80, L2: 82, L3: 140})
    survey = Survey(measured, judge(measured), {})
    reports = {report.level: report for report in survey.reports(choose_levels(survey.usable), "none")}

    assert [level for level, report in reports.items() if report.used] == [L1, L2]
    assert [r.code for r in reports[T12].reasons] == ["level-not-needed"]
    assert [r.code for r in reports[L3].reasons] == ["level-outlier"]
    assert list(reports) == [T12, L1, L2, L3]


def test_without_a_choice_no_level_is_used():
    """Measured levels are still shown when nothing could be used."""
    measured = of({L1: 80}, L1={"height_loss_percent": 50.0})
    reports = Survey(measured, judge(measured), {}).reports(None, "none")

    assert [(report.used, report.reasons[0].code) for report in reports] == [(False, "level-fracture")]


def test_reasons_name_their_level():
    """The sentences of the result begin with the level, cranial to caudal."""
    measured = of({L1: 80}, L1={"height_loss_percent": 50.0})
    survey = Survey(measured, judge(measured), {T12: (because("level-cut"),)})

    assert [reason.text[:4] for reason in survey.reasons] == ["T12:", "L1: "]
    assert [reason.code for reason in survey.reasons] == ["level-cut", "level-fracture"]


def test_flags_of_used_and_of_deviating_levels_reach_the_result():
    """What is unused and unremarkable stays silent."""
    measured = of({T12: 85, L1: 80, L2: 82, L3: 40}, T12={"flags": ("roi-small",)}, L1={"flags": ("noisy",)})
    survey = Survey(measured, judge(measured), {})

    assert survey.flags(choose_levels(survey.usable)) == ("noisy", "focal-low")


def test_height_losses_of_measured_and_refused_bodies_are_told():
    """A quarter of the height or more, cranial to caudal, whether the body has a density or not."""
    measured = of({L1: 80, L2: 82, L3: 81}, L1={"height_loss_percent": 25.0}, L2={"height_loss_percent": 24.9})
    losses = {T12: 61.0, T11: 12.0}
    survey = Survey(measured, judge(measured), {T12: (because("level-noisy", sem_hu=5, maximum_hu=4),)}, losses)

    assert survey.height_losses == (HeightLoss(T12, 61.0), HeightLoss(L1, 25.0))


def test_a_height_that_thick_slices_hide_is_not_told():
    """Unknown is not a loss."""
    measured = of({L1: 80}, L1={"height_loss_percent": None})

    assert Survey(measured, judge(measured), {}).height_losses == ()


@pytest.mark.parametrize("contrast", ["enhanced", "unknown"])
def test_under_contrast_the_levels_are_upper_estimates(contrast):
    """Each level's interval is lowered by 25 mg/cm3 like the patient's; its value is not touched."""
    measured = of({L1: 80, L2: 82})
    survey = Survey(measured, judge(measured), {})
    choice = choose_levels(survey.usable)

    for plain, lowered in zip(survey.reports(choice, "none"), survey.reports(choice, contrast), strict=True):
        low, high = plain.ci95_mg_cm3
        assert lowered.ci95_mg_cm3 == (low - CONTRAST_SHIFT_MG_CM3, high)
        assert lowered.vbmd_mg_cm3 == plain.vbmd_mg_cm3


CALIBRATOR = PhysicsCalibrator()
COARSE = Trunk(spacing_mm=(3.0, 2.0, 2.0))
ALL_THORACIC = {"extent_mm": (210.0, 260.0, 330.0), "centre_mm": (0.0, -40.0, 105.0)}


def survey(trunk, *, all_levels=False, spine=None):
    """Look at everything that is needed."""
    return survey_levels(trunk.volume(), spine or trunk.spine(), CALIBRATOR, keep_out=None, all_levels=all_levels)


def test_thoracic_levels_are_measured_only_when_needed():
    """With L1 and L2 at hand T11 is left alone; asked for all levels, it is measured."""
    trunk = COARSE.but(
        bone_hu={T11: 160, T12: 155, L1: 150, L2: 150}, extent_mm=(186.0, 260.0, 330.0), centre_mm=(0.0, -40.0, 17.5)
    )

    assert set(survey(trunk).measured) == {T12, L1, L2}
    assert set(survey(trunk, all_levels=True).measured) == {T11, T12, L1, L2}


def test_thoracic_levels_step_in():
    """Where no lumbar level is there, T11 to T7 are measured."""
    trunk = COARSE.but(bone_hu={T9: 160, T10: 155, T11: 150}, **ALL_THORACIC)

    assert survey(trunk).usable == {T9, T10, T11}


def test_a_refused_level_is_remembered():
    """What could not be measured is kept with its reason while thoracic levels step in."""
    trunk = COARSE.but(bone_hu={T10: 155, T11: 150, T12: 150}, **ALL_THORACIC)
    spine = trunk.spine()
    cut = type(spine)(tuple(b if b.level != T12 else cut_off(b) for b in spine.bodies), 1.0)
    found = survey(trunk, spine=cut)

    assert found.usable == {T10, T11}
    assert [reason.code for reason in found.refused[T12]] == ["level-cut"]


def cut_off(body):
    """The same body, called cut by the segmenter."""
    return type(body)(body.level, body.mask, body.centre_lps_mm, cut_by_border=True)


def test_a_collapsed_body_without_density_keeps_its_height_loss():
    """A body too flat to be measured is refused for its size, and its loss of height is known."""
    found = survey(COARSE.but(bone_hu={T12: 150, L1: 150, L2: 150}, shapes={L1: wedge()}))

    assert [reason.code for reason in found.refused[L1]] == ["level-roi-small"]
    assert [loss.level for loss in found.height_losses] == [L1]
    assert found.height_losses[0].percent > 40


def test_a_collapsed_thoracic_body_is_told_when_thoracic_levels_step_in():
    """What the fallback finds in bodies without density is kept too."""
    three = {T10: 155, T11: 150, T12: 150}
    trunk = COARSE.but(bone_hu=three, shapes={T10: wedge()}, spacing_mm=(1.0, 2.0, 2.0), **ALL_THORACIC)
    bodies = tuple(cut_off(body) if body.level == T12 else body for body in trunk.spine().bodies)
    found = survey(trunk, spine=Spine(bodies, 1.0))

    assert found.usable == {T11}
    assert [loss.level for loss in found.height_losses] == [T10]


def test_thick_slices_hide_the_height_of_a_refused_body():
    """Beyond 3 mm nothing is said of a body without density."""
    three = {T12: 150, L1: 150, L2: 150}
    found = survey(COARSE.but(bone_hu=three, shapes={L1: wedge()}, series=a_series(slice_thickness_mm=4.0)))

    assert L1 in found.refused
    assert found.height_losses == ()


def test_a_turned_row_is_not_measured(monkeypatch):
    """Where the row cannot be believed, no level is looked at, and the survey says why."""
    turned = OutlinedColumn({}, {}, {}, turned=(because("orientation-upside-down"),))
    monkeypatch.setattr("cds.bone.survey.outlined_column", lambda _volume, _spine: turned)
    found = survey(COARSE)

    assert (found.measured, found.refused, found.turned) == ({}, {}, turned.turned)
