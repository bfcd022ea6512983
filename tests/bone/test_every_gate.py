"""Every gate of the tables, once with what it must stop and once with what must pass."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Contrast
from cds.bone.body_axes import BodyAxes
from cds.bone.contrast_phase import phase_flags
from cds.bone.gates import GATES
from cds.bone.image_checks import check_field_of_view, check_images
from cds.bone.measured_level import measure_level
from cds.bone.outline_checks import doubts_beside, doubts_of, doubts_of_loss
from cds.bone.outline_gates import OUTLINE_GATES
from cds.bone.outlined_body import outlined_body
from cds.bone.quality import check_series, check_volume
from cds.bone.roi import trabecular_roi
from cds.bone.survey import judge
from cds.bone.tissue_gates import check_tissues
from cds.bone.vertebral_height import BodyHeights
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.builders import a_measured, a_sample
from tests.bone.phantom import (
    BODY_HALF_MM,
    CANAL_Y_MM,
    L1,
    L2,
    L3,
    T12,
    Trunk,
    a_body,
    a_lone_body,
    a_series,
    crush,
    cut_out,
    muscles_beside,
    signed_depth_mm,
    striped,
    tilted,
    with_hu,
)

CENTRE = (0.0, 0.0, 0.0)
AXES = BodyAxes(canal_lps_mm=(0.0, CANAL_Y_MM, 0.0))
COARSE = Trunk(spacing_mm=(2.5, 4.0, 4.0), noise_hu=5.0)
LONE = a_lone_body()
WIDE = LONE.but(extent_mm=(96.0, 140.0, 140.0))


@dataclass(frozen=True)
class Case:
    """Codes and flags of something bad and of something good."""

    bad: Callable[[], list[str]]
    good: Callable[[], list[str]]


def codes_of(found):
    """Of (refusals, flags), or of one refusal."""
    reasons, flags = (found.reasons, ()) if isinstance(found, NotAssessable) else found
    return [*(reason.code for reason in reasons), *flags]


def series(**facts):
    """What is said of the attributes."""
    return codes_of(check_series(a_series(**facts)))


def voxels(**changes):
    """What is said of the voxels of a trunk."""
    return codes_of(check_volume(COARSE.but(**changes).volume()))


def level(**changes):
    """What is said of L1 in a trunk."""
    volume = COARSE.but(bone_hu={L1: 150}, **changes).volume()
    found = measure_level(volume, outlined_body(volume, a_body()), PhysicsCalibrator())
    return codes_of(found) if isinstance(found, NotAssessable) else list(found.flags)


def region(trunk=LONE, *, change=None, half_mm=BODY_HALF_MM, **facts):
    """What is said of a lone body and its region."""
    volume = trunk.but(half_mm=half_mm).volume()
    volume = volume if change is None else with_hu(volume, change)
    body = outlined_body(volume, a_body(half_mm=half_mm))
    if isinstance(body, NotAssessable):
        return codes_of(body)
    found = trabecular_roi(volume, body, **facts)
    return codes_of(found) if isinstance(found, NotAssessable) else list(found.flags)


def cement(hu, z_mm, y_mm, x_mm):
    """Bone cement in the middle of the body."""
    hu[(np.abs(z_mm) < 6) & (np.abs(y_mm) < 6) & (np.abs(x_mm) < 6)] = 1200


def rod(hu, z_mm, y_mm, x_mm):
    """Metal behind the body."""
    hu[(np.abs(y_mm - 30) < 4) & (np.abs(x_mm - 10) < 4) & np.isfinite(z_mm)] = 3000


def judged(difference=0, **facts):
    """What is said of L1 beside three others that read 80 mg/cm3."""
    measured = {at: a_measured(at, 1.28 * 80) for at in (T12, L2, L3)}
    measured[L1] = a_measured(L1, 1.28 * (80 + difference), **facts)
    verdict = judge(measured)[L1]
    return codes_of((verdict.reasons, verdict.flags))


def noise_of(sigma):
    """What is said of an unnamed kernel whose noise is smooth over so many pixels."""
    noise = gaussian_filter(np.random.default_rng(1).normal(0, 1, (5, 160, 160)), (0, sigma, sigma))
    hu = np.rint(40 + 20 * noise / noise.std()).astype(np.int16)
    affine = np.array([[0, 0, 0.7, -56], [0, 0.7, 0, -56], [2.5, 0, 0, -5], [0, 0, 0, 1.0]])
    volume = CtVolume(hu, affine, a_series(kernel="MYSTERY"))
    return list(check_images(volume, CENTRE, noise_hu=20.0).flags)


def sharp(noise_hu):
    """What is said of a sharp kernel with so much noise."""
    volume = LONE.but(series=a_series(kernel="B70f")).volume()
    refused = check_images(volume, CENTRE, noise_hu=noise_hu).refused
    return [] if refused is None else [refused.code]


def streaks(strength_hu):
    """What is said of streaks from side to side."""
    volume = striped(Trunk(spacing_mm=(2.5, 1.0, 1.0), noise_hu=30.0).volume(), strength_hu)
    return list(check_images(volume, CENTRE, noise_hu=30.0, muscle=muscles_beside()).flags)


def seen(**limits):
    """What is said of a trunk of which so much is seen."""
    return list(check_field_of_view(cut_out(COARSE.volume(), **limits), CENTRE))


def drawn(shape=signed_depth_mm, half_mm=BODY_HALF_MM, at=L1, axes=AXES):
    """CT and outline of a body of a shape, outlined as it is."""
    volume = WIDE.but(shapes={L1: shape}).volume()
    return volume, outlined_body(volume, replace(a_body(half_mm=half_mm, shape_mm=shape), level=at), axes)


def outline(*, at=L1, axes=AXES, factors=(1.0, 1.0, 1.0), shape=None):
    """What is said of an outline by itself; `factors` on its half sides."""
    half_mm = tuple(f * mm for f, mm in zip(factors, BODY_HALF_MM, strict=True))
    drawn_shape = shape or (lambda x, y, z: signed_depth_mm(x, y, z, half_mm))
    volume, body = drawn(drawn_shape, half_mm if shape is None else (52.0, 20.0, 16.0), at, axes)
    return codes_of((doubts_of(volume, body, canal_known=True), ()))


def leaking(x, y, z):
    """A body with a muscle on one side."""
    muscle = np.minimum.reduce(np.broadcast_arrays(x, 48 - x, 11 - np.abs(y), 10 - np.abs(z)))
    return np.maximum(signed_depth_mm(x, y, z), muscle)


def shaft(x, y, z):
    """A tube without ends."""
    return signed_depth_mm(x, y, 0 * z)


def edges(shape=signed_depth_mm, off_mm=0.0):
    """What is said of a body outlined on the edges of its bone, or beside it."""
    volume = WIDE.but(shapes={L1: shape}).volume()
    body = a_body()
    affine = body.mask.affine_lps.copy()
    affine[0, 3] += off_mm
    axes = replace(AXES, canal_lps_mm=(off_mm, CANAL_Y_MM, 0.0))
    found = outlined_body(volume, replace(body, mask=replace(body.mask, affine_lps=affine)), axes)
    return codes_of((doubts_of(volume, found, canal_known=True), ()))


def beside(heights=None, factor=1.0):
    """What is said of an outline beside three of the usual size."""
    volume = WIDE.volume()

    def body(at, factor=1.0):
        return outlined_body(volume, replace(a_body(half_mm=tuple(factor * mm for mm in BODY_HALF_MM)), level=at))

    odd = body(L1, factor) if heights is None else replace(body(L1), heights=BodyHeights(*heights))
    return codes_of((doubts_beside(odd, [body(at) for at in (T12, L2, L3)]), ()))


def lost(bone_hu):
    """What is said of a body that lost height, of bone or of nothing."""
    volume, body = drawn(crush(19.0))
    if bone_hu is None:
        volume = CtVolume(np.full_like(volume.hu, 30), volume.affine_lps.copy(), volume.series)
    return codes_of((doubts_of_loss(volume, replace(body, height_loss_percent=30.0)), ()))


def tissues(fat=-102.0, muscle=40.0, blood=42.0, bone_hu=110.0, **facts):
    """What is said of the patient's own tissues."""
    plain = a_series(**facts)
    read = {"fat": fat, "muscle": muscle, "blood": blood, "air": -1000.0}
    samples = [a_sample(tissue, hu) for tissue, hu in read.items()]
    return codes_of(
        check_tissues(plain, PhysicsCalibrator().calibrate(plain, 25.0, thoracic=False, samples=samples), bone_hu)
    )


CASES = {
    "kvp": Case(lambda: series(kvp=60.0), lambda: series(kvp=120.0)),
    "age": Case(lambda: series(patient_age_years=17), lambda: series(patient_age_years=18)),
    "gantry": Case(lambda: series(gantry_tilt_deg=7.0), lambda: series(gantry_tilt_deg=0.5)),
    "slice": Case(lambda: voxels(spacing_mm=(6.0, 4.0, 4.0)), voxels),
    "tilt": Case(lambda: codes_of(check_volume(tilted(COARSE.volume(), 8.0))), voxels),
    "air": Case(lambda: voxels(air_hu=-940.0), voxels),
    "size": Case(lambda: level(soft_hu=-1000.0, blood_hu=-1000.0, table=False), level),
    "arterial": Case(
        lambda: list(phase_flags(Contrast("enhanced", 380.0), 120.0)),
        lambda: list(phase_flags(Contrast("enhanced", 160.0), 120.0)),
    ),
    "outline": Case(lambda: region(half_mm=(7.0, 7.0, 7.0)), region),
    "span": Case(lambda: region(WIDE, half_mm=(10.0, 10.0, 43.0)), region),
    "marrow": Case(lambda: region(a_lone_body(-300)), region),
    "roi": Case(lambda: region(half_mm=(12.0, 9.5, 11.0)), region),
    "slices": Case(lambda: region(a_lone_body(spacing_mm=(3.0, 1.0, 1.0)), half_mm=(21.0, 16.0, 9.0)), region),
    "thick-slices": Case(
        lambda: region(a_lone_body(spacing_mm=(5.0, 1.0, 1.0)), half_mm=(22.0, 18.0, 9.5)),
        lambda: region(a_lone_body(spacing_mm=(5.0, 1.0, 1.0))),
    ),
    "noise": Case(lambda: region(a_lone_body(noise_hu=400)), region),
    "metal": Case(lambda: region(change=rod), region),
    "cement": Case(lambda: region(change=cement), region),
    "dense": Case(lambda: region(a_lone_body(400)), region),
    "height": Case(lambda: judged(height_loss_percent=25.0), lambda: judged(height_loss_percent=10.0)),
    "outlier": Case(lambda: judged(40), lambda: judged(5)),
    "sharp-noise": Case(lambda: sharp(81.0), lambda: sharp(79.0)),
    "texture": Case(lambda: noise_of(0.2), lambda: noise_of(1.0)),
    "streaks": Case(lambda: streaks(120.0), lambda: streaks(0.0)),
    "field-of-view": Case(lambda: seen(left_mm=60.0), lambda: seen(left_mm=140.0)),
    "back": Case(lambda: seen(behind_mm=45.0), lambda: seen(left_mm=140.0)),
    "fat": Case(lambda: tissues(fat=-71.0), tissues),
    "muscle": Case(lambda: tissues(muscle=5.0), tissues),
    "blood": Case(lambda: tissues(blood=22.0), tissues),
    "tissues": Case(lambda: tissues(muscle=5.0, blood=22.0), tissues),
    "tin": Case(
        lambda: tissues(kvp=100.0, fat=-89.0, muscle=39.0, blood=39.0),
        lambda: tissues(kvp=100.0, fat=-89.0, muscle=39.0, blood=39.0, manufacturer="Philips"),
    ),
    "air+blood": Case(lambda: tissues(blood=64.9, bone_hu=330.0), tissues),
    "fat+muscle": Case(lambda: tissues(fat=-85.0, muscle=11.0), tissues),
    "section": Case(lambda: outline(factors=(0.65, 0.65, 0.65)), outline),
    "tallness": Case(lambda: outline(factors=(1.0, 1.0, 2.4)), outline),
    "volume": Case(lambda: outline(factors=(1.3, 1.3, 1.3), at=VertebralLevel.T7), outline),
    "symmetry": Case(lambda: outline(shape=leaking), outline),
    "canal": Case(lambda: outline(axes=replace(AXES, canal_lps_mm=(0.0, 41.0, 0.0))), outline),
    "canal-side": Case(lambda: outline(axes=replace(AXES, canal_lps_mm=(24.0, 5.0, 0.0))), outline),
    "wall": Case(lambda: edges(off_mm=-45.0), edges),
    "endplate": Case(lambda: edges(shaft), edges),
    "low-endplate": Case(lambda: lost(None), lambda: lost(150)),
    "section-step": Case(lambda: beside(factor=0.7), beside),
    "tallness-step": Case(lambda: beside(heights=(42.0, 41.0, 42.0)), beside),
}


EVERY = {**GATES, **OUTLINE_GATES}


def test_every_gate_has_a_case():
    """No gate is added without something that it stops and something that it lets through."""
    assert CASES.keys() == EVERY.keys()


@pytest.mark.parametrize("name", EVERY)
def test_the_gate_stops_what_it_must(name):
    """What is bad is refused, or flagged where the gate only flags."""
    gate = EVERY[name]

    assert (gate.refusal or gate.flag) in CASES[name].bad()


@pytest.mark.parametrize("name", EVERY)
def test_the_gate_lets_pass_what_it_must(name):
    """What is good is neither refused nor flagged by it."""
    gate = EVERY[name]

    assert not {gate.refusal, gate.flag} & set(CASES[name].good())
