from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.tissue_fat import subcutaneous_fat
from cds.bone.tissue_slab import slabs_at
from cds.bone.tissues import Tissues, sample_tissues
from cds.ct.volume import CtVolume
from tests.bone.builders import a_sample
from tests.bone.phantom import (
    L1,
    L2,
    MUSCLE_MM,
    T12,
    TRUNK_CENTRE_Y_MM,
    Trunk,
    axes_lps,
    flipped,
    moved_lps,
    padded,
    with_axes,
)

PATIENT = Trunk(spacing_mm=(2.5, 2.0, 2.0), fat_mm=18.0, muscle_hu=48.0, noise_hu=15.0)
VOLUME, SPINE = PATIENT.volume(), PATIENT.spine()
FOUND = sample_tissues(VOLUME, SPINE)


def readings(tissues):
    """HU by tissue."""
    found = {"fat": tissues.fat, "muscle": tissues.muscle, "blood": tissues.blood, "air": tissues.air}
    return {name: sample.hu for name, sample in found.items()}


def spoiled(hu):
    """The patient with other voxels."""
    return CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)


def test_every_tissue_is_found():
    """Fat, muscle, blood and air read what they are made of, and see the beams that cross them."""
    assert readings(FOUND) == pytest.approx({"fat": -104, "muscle": 48, "blood": 42, "air": -1000}, abs=2)
    assert FOUND.fat.water_path_cm == 10.0
    assert FOUND.muscle.water_path_cm == FOUND.blood.water_path_cm == pytest.approx(29, abs=1)


@settings(max_examples=12, deadline=None)
@given(st.floats(-120, -85), st.floats(20, 70), st.integers(0, 50))
def test_whatever_they_read_is_found(fat_hu, muscle_hu, seed):
    """Within four of their own standard errors, through noise of 30 HU."""
    patient = PATIENT.but(
        fat_hu=fat_hu, muscle_hu=muscle_hu, seed=seed, noise_hu=30.0, bone_hu={L1: 150, L2: 150}, spacing_mm=(5, 2, 2)
    )
    found = sample_tissues(patient.volume(), patient.spine())

    assert found.fat.hu == pytest.approx(fat_hu, abs=4 * found.fat.sem_hu + 1)
    assert found.muscle.hu == pytest.approx(muscle_hu, abs=4 * found.muscle.sem_hu + 1)
    assert max(found.fat.sem_hu, found.muscle.sem_hu) < 4


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_the_order_of_storage_changes_nothing(axis):
    """Slices, rows or columns stored in the opposite order; halfway between voxels another one is nearest."""
    assert readings(sample_tissues(flipped(VOLUME, axis), SPINE)) == pytest.approx(readings(FOUND), abs=2)


def test_exchanged_rows_and_columns_change_nothing():
    """A picture stored by columns."""
    assert readings(sample_tissues(with_axes(VOLUME, (0, 2, 1)), SPINE)) == pytest.approx(readings(FOUND), abs=1)


def test_more_air_around_changes_nothing():
    """A margin in every direction."""
    wide = padded(VOLUME, (4, 10, 13), (6, 3, 20))

    assert readings(sample_tissues(wide, SPINE)) == pytest.approx(readings(FOUND), abs=1)


def test_half_the_slice_thickness_changes_nothing():
    """Resampled to slices half as far apart."""
    affine = VOLUME.affine_lps.copy()
    affine[:3, 0] /= 2
    hu = VOLUME.hu.astype(np.float32)
    between = np.concatenate([(hu[1:] + hu[:-1]) / 2, hu[-1:]])
    thin = np.stack([hu, between], axis=1).reshape(-1, *hu.shape[1:])
    resampled = CtVolume(np.rint(thin).astype(np.int16), affine, VOLUME.series)

    assert readings(sample_tissues(resampled, SPINE)) == pytest.approx(readings(FOUND), abs=1.5)


def test_the_place_in_the_scanner_changes_nothing():
    """Table height and position."""
    volume, spine = moved_lps(VOLUME, SPINE, (30.0, -70.0, 512.0))

    assert readings(sample_tissues(volume, spine)) == pytest.approx(readings(FOUND), abs=1)


def test_fatty_muscle_reads_as_its_lean_part():
    """Strands of fat in a fifth of the muscle lower its mean by 20 HU and more, its mode by less than 5."""
    hu = VOLUME.hu.copy()
    _, y, x = axes_lps(VOLUME.affine_lps, hu.shape)
    muscle = np.hypot(np.abs(x) - MUSCLE_MM[0], y - MUSCLE_MM[1]) < 15
    strands = np.random.default_rng(1).random((hu.shape[0] // 4 + 1, *(n // 4 + 1 for n in hu.shape[1:]))) < 0.2
    strands = strands.repeat(4, 0).repeat(4, 1).repeat(4, 2)[tuple(slice(n) for n in hu.shape)]
    where = muscle & strands
    before = hu[muscle & np.ones(hu.shape, bool)].mean()
    hu[where] -= 150

    assert before - hu[muscle & np.ones(hu.shape, bool)].mean() > 20
    assert sample_tissues(spoiled(hu), SPINE).muscle.hu == pytest.approx(FOUND.muscle.hu, abs=5)


def test_fat_within_the_trunk_is_not_taken():
    """Visceral fat of another density, behind the wall of the trunk, leaves the sample as it is."""
    hu = VOLUME.hu.copy()
    _, y, x = axes_lps(VOLUME.affine_lps, hu.shape)
    inside = (x / 110) ** 2 + ((y - TRUNK_CENTRE_Y_MM + 25) / 45) ** 2 < 1
    hu[np.broadcast_to(inside, hu.shape)] = -85

    assert sample_tissues(spoiled(hu), SPINE).fat.hu == pytest.approx(FOUND.fat.hu, abs=0.6)


def test_a_narrow_field_of_view_has_no_fat():
    """Where over 30 % of the outline is cut, fat is left out; where little is cut it is kept."""
    narrow = CtVolume(VOLUME.hu[:, :, 45:-45].copy(), moved(VOLUME, 45), VOLUME.series)
    slightly = CtVolume(VOLUME.hu[:, :, 12:-12].copy(), moved(VOLUME, 12), VOLUME.series)

    assert sample_tissues(narrow, SPINE).fat is None
    assert sample_tissues(slightly, SPINE).fat.hu == pytest.approx(-104, abs=2)


def moved(volume, columns):
    """The affine after cutting off columns at the start."""
    affine = volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, 2] * columns
    return affine


def test_what_cannot_be_had_is_none():
    """A patient without fat, muscle and aorta in the outlines; a spine without bodies."""
    thin = PATIENT.but(fat_mm=0.0, muscle_hu=None)
    bare = sample_tissues(thin.volume(), thin.spine(aorta=False))
    nothing = sample_tissues(VOLUME, replace(SPINE, bodies=()))

    assert (bare.fat, bare.muscle, bare.blood) == (None, None, None)
    assert (nothing.fat, nothing.muscle, nothing.air) == (None, None, None)


def test_muscle_outlined_elsewhere_is_none():
    """An outline in the air gives no sample."""
    affine = SPINE.paraspinal_muscle.affine_lps.copy()
    affine[:3, 3] += (0.0, -400.0, 0.0)
    astray = replace(SPINE, paraspinal_muscle=replace(SPINE.paraspinal_muscle, affine_lps=affine))

    assert sample_tissues(VOLUME, astray).muscle is None


def test_beside_the_chest_fat_is_read_behind():
    """Where only thoracic bodies are seen, breasts do not count."""
    thoracic = PATIENT.but(bone_hu={level: 150 for level in type(L1) if level.value in {"T10", "T11"}})
    raised = replace(thoracic, centre_mm=(0.0, TRUNK_CENTRE_Y_MM, 90.0))
    volume = raised.volume()
    hu = volume.hu.copy()
    _, y, _ = axes_lps(volume.affine_lps, hu.shape)
    front = np.broadcast_to(y < TRUNK_CENTRE_Y_MM, hu.shape) & (hu < -40) & (hu > -200)
    hu[front] += 30
    found = sample_tissues(CtVolume(hu, volume.affine_lps.copy(), volume.series), raised.spine())

    assert found.fat.hu == pytest.approx(-104, abs=2)
    assert found.muscle.water_path_cm == pytest.approx(27, abs=1)


@pytest.mark.parametrize(
    ("contrast", "fit"),
    [("none", {"fat", "muscle", "blood", "air"}), ("enhanced", {"fat", "air"}), ("unknown", {"fat", "air"})],
)
def test_what_takes_up_contrast_does_not_calibrate(contrast, fit):
    """Blood and muscle tell about the scanner only where there is surely no contrast."""
    assert {sample.tissue for sample in FOUND.fit_to_calibrate(contrast)} == fit


def test_only_what_was_had_calibrates():
    """A missing sample is left out, not replaced."""
    some = Tissues(fat=None, muscle=a_sample("muscle", 45.0), blood=None, air=None)

    assert [sample.tissue for sample in some.fit_to_calibrate("none")] == ["muscle"]


def test_the_heights_are_those_of_the_measured_levels():
    """Fat that differs far from T12 to L3 does not matter."""
    hu = VOLUME.hu.copy()
    z, _, _ = axes_lps(VOLUME.affine_lps, hu.shape)
    far = np.broadcast_to(np.abs(z - 35.0 * 0.5) > 90, hu.shape) & (hu < -40) & (hu > -200)
    assert far.any()
    hu[far] += 25
    few = replace(SPINE, bodies=tuple(body for body in SPINE.bodies if body.level in (T12, L1)))

    assert sample_tissues(spoiled(hu), few).fat.hu == pytest.approx(-104, abs=2)


def test_a_slab_without_skin_is_no_trouble():
    """One slab that the body fills from edge to edge, among others: fat is read in the others."""
    ordinary = slabs_at(VOLUME, [0.0])
    (filled,) = slabs_at(spoiled(np.full_like(VOLUME.hu, 20)), [0.0])

    assert subcutaneous_fat([filled, *ordinary * 6], thoracic=False).hu == pytest.approx(-104, abs=2)
    assert subcutaneous_fat([filled], thoracic=False) is None
