"""A vertebra that would mislead is left out by name, and the rest still counts."""

from datetime import date

import pytest

from cds.bone.anatomy import Spine
from cds.bone.assess import measure_volume
from cds.bone.assessment import Software
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.phantom import L1, L2, Trunk, a_body, a_series, crush, with_hu

COARSE = Trunk(spacing_mm=(3.0, 2.0, 2.0), noise_hu=8.0, series=a_series(slice_thickness_mm=3.0))
THIN = COARSE.but(spacing_mm=(1.5, 2.0, 2.0), series=a_series(slice_thickness_mm=1.5))
SOUND_HU = COARSE.bone_hu


def assessed(trunk, *, spine=None, change=None):
    """Assess a simulated patient."""
    volume = trunk.volume() if change is None else with_hu(trunk.volume(), change)
    return measure_volume(
        volume,
        spine or trunk.spine(),
        PhysicsCalibrator(),
        patient_check="matched",
        today=date(2026, 3, 1),
        software=Software("0", "test", ""),
        timing_s={},
    ).assessment


def cement(hu, z_mm, y_mm, x_mm):
    """Bone cement in the middle of L1."""
    hu[(abs(z_mm) < 6) & (abs(y_mm) < 6) & (abs(x_mm) < 6)] = 1200


def with_cut_l1():
    """A spine whose L1 the segmenter calls cut."""
    sound = COARSE.spine()
    bodies = tuple(a_body(L1, cut=True) if body.level == L1 else body for body in sound.bodies)
    return Spine(bodies, 1.0, aorta=sound.aorta, spinal_canal=sound.spinal_canal)


CASES = {
    "fractured": ({"trunk": THIN.but(shapes={L1: crush(19.0)})}, "level-fracture"),
    "sclerotic": ({"trunk": COARSE.but(bone_hu={**SOUND_HU, L1: 420})}, "level-sclerotic"),
    "cemented": ({"trunk": COARSE, "change": cement}, "level-metal"),
    "cut": ({"trunk": COARSE, "spine": with_cut_l1()}, "level-cut"),
    "denser than its neighbours": ({"trunk": COARSE.but(bone_hu={**SOUND_HU, L1: 230})}, "level-outlier"),
    "less dense than its neighbours": ({"trunk": COARSE.but(bone_hu={**SOUND_HU, L1: 90})}, "level-outlier"),
}


@pytest.mark.parametrize("what", CASES)
def test_one_vertebra_is_left_out_and_the_rest_counts(what):
    """L1 is refused by name; L2 with a neighbour gives the value of the sound bone, within 4 mg/cm3."""
    patient, code = CASES[what]
    found = assessed(**patient)

    assert (code, "L1:") in [(reason.code, reason.text[:3]) for reason in found.reasons]
    assert {reason.text.split(":")[0] for reason in found.reasons} == {"L1"}
    assert L1 not in found.levels_used
    assert L2 in found.levels_used
    assert len(found.levels_used) == 2
    assert found.vbmd_mg_cm3 == pytest.approx(117, abs=4)


@pytest.mark.parametrize(("hu", "flagged"), [(90, True), (150, False), (230, False)])
def test_a_vertebra_far_less_dense_asks_for_a_look(hu, flagged):
    """Only the one below its neighbours, as by lysis or haemangioma, carries focal-low into the result."""
    found = assessed(COARSE.but(bone_hu={**SOUND_HU, L1: hu}))

    assert ("focal-low" in found.flags) is flagged


@pytest.mark.parametrize(("hu", "flags"), [(150, ()), (175, ("uneven",))])
def test_a_vertebra_somewhat_denser_is_used_and_flagged(hu, flags):
    """Over 15 mg/cm3 from the others, but within 25."""
    found = assessed(COARSE.but(bone_hu={**SOUND_HU, L1: hu}))

    assert found.levels_used == (L1, L2)
    assert tuple(flag for flag in found.flags if flag == "uneven") == flags


def test_where_every_vertebra_misleads_there_is_no_value():
    """All sclerotic: each is named, and no number is given."""
    found = assessed(COARSE.but(bone_hu=dict.fromkeys(SOUND_HU, 420)))

    assert found.status == "not-assessable"
    assert found.vbmd_mg_cm3 is None
    assert {reason.text.split(":")[0] for reason in found.reasons} == {"T12", "L1", "L2", "L3"}
