from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.composition import solution
from models.digital_patient.projected import Projector, project
from models.digital_patient.projection import local_spectrum
from models.digital_patient.simulate import ScanRequest
from models.digital_patient.structures import LEVELS, Structure

SMALL = {"pixels": 160, "pixel_mm": 2.6, "views": 160}
SEED, VBMD = 5, 110.0


@cache
def mid_l1(contrast="none", **choice):
    """The slice through the middle of L1 of one patient."""
    request = ScanRequest(vbmd_mg_cm3=VBMD, contrast=contrast, patient=PatientOptions(arms="up", fat_mm=12))
    return project(SEED, request, [0.0], Projector(**SMALL, **choice))[0]


def of(one, structure, depth_mm=5.0):
    """Pixels well inside a structure."""
    found = one.canvas.structures[0] == structure
    if structure == Structure.BODY_TRABECULAR:
        found &= one.canvas.vertebra[0] == LEVELS.index("L1") + 1
    return ndimage.distance_transform_edt(found) * SMALL["pixel_mm"] > depth_mm


def core_vbmd(one):
    """mg/cm3 that the local slope reads from the core, less what the patient's uneven bone adds there."""
    core = of(one, Structure.BODY_TRABECULAR, 8.0)
    slope = local_spectrum(one.rays, one.modes, one.beam, *ndimage.center_of_mass(core)).added_hu(solution(1.0))
    return one.hu[core].mean() / slope - one.canvas.mineral[0][core].mean()


@pytest.mark.parametrize("bone", ["K2HPO4", "HA"])
def test_the_core_reads_its_density(bone):
    """At 120 kVp, by the slope of the rays that cross it and no table: truth to 6 mg/cm3."""
    assert core_vbmd(mid_l1(bone=bone)) == pytest.approx(VBMD, abs=6)


def test_real_bone_reads_less_at_low_voltage():
    """A solution reads the same at 80 kVp; bone in marrow, made to read it at 120 kVp, reads a few per cent less."""
    exact, real = (core_vbmd(mid_l1(kvp=80.0, bone=bone)) for bone in ("K2HPO4", "HA"))

    assert 1 < exact - real < 10


def test_soft_tissue_reads_as_on_ct():
    """Fat, muscle and blood lie where they do on unenhanced scans."""
    one = mid_l1()

    assert -125 < one.hu[of(one, Structure.SUBCUTANEOUS_FAT)].mean() < -85
    assert 15 < one.hu[of(one, Structure.PARASPINAL_MUSCLE)].mean() < 65
    assert 30 < one.hu[of(one, Structure.AORTA)].mean() < 60


def test_iodine_is_seen():
    """Six mg/ml in the aorta raise it by 24 HU each, or a little less at its edge."""
    plain, enhanced = mid_l1(), mid_l1("venous")
    aorta = of(plain, Structure.AORTA)

    assert 6 * 19 < (enhanced.hu[aorta] - plain.hu[aorta]).mean() < 6 * 29


def test_the_same_seed_gives_the_same_noise():
    """And another patient another picture."""
    request = ScanRequest(vbmd_mg_cm3=VBMD, patient=PatientOptions(arms="up", fat_mm=12))
    coarse = Projector(pixels=96, pixel_mm=4.4, views=60, photons=1e5)
    one, again, other = (project(seed, request, [0.0], coarse)[0].hu for seed in (SEED, SEED, SEED + 1))

    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_patient_wider_than_the_field_is_refused():
    """What is cut off would be missing from the rays: the sentence says what to do."""
    with pytest.raises(ValueError, match="take larger pixels"):
        project(SEED, ScanRequest(), [0.0], Projector(pixels=96, pixel_mm=2.0, views=10))
