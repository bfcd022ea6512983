import numpy as np
import pytest

from models.digital_patient.materials import draw_tissues, materials_of, trabecular
from models.digital_patient.scanner import Scanner
from models.digital_patient.structures import Structure


def tissues_of(seed, *, age=None, vbmd=None, contrast="none"):
    """Biology of one patient."""
    return draw_tissues(np.random.default_rng(seed), age, vbmd, contrast)


def test_the_wanted_density_is_the_mean_of_l1_and_l2():
    """A fixed vBMD holds for the mean of both levels, whatever the vertebrae do around it."""
    for seed in range(20):
        vbmd = tissues_of(seed, vbmd=90.0).vbmd_mg_cm3

        assert (vbmd["L1"] + vbmd["L2"]) / 2 == pytest.approx(90.0)


def test_thoracic_bodies_are_denser():
    """On average T7 holds 11.6 % and T12 2.5 % more than L1 and L2 (Budoff 2012, against L1-L3)."""
    ratios = np.array(
        [[tissues_of(seed, vbmd=120.0).vbmd_mg_cm3[level] / 120 for level in ("T7", "T12")] for seed in range(300)]
    )

    assert ratios.mean(axis=0) == pytest.approx([1.116, 1.025], abs=0.01)


def test_density_falls_with_age():
    """Forty-year-olds have about 165, eighty-year-olds about 80 mg/cm3."""
    young, old = (np.mean([tissues_of(seed, age=age).vbmd_mg_cm3["L1"] for seed in range(200)]) for age in (40.0, 80.0))

    assert young == pytest.approx(165, abs=8)
    assert old == pytest.approx(82, abs=8)


def test_every_structure_has_a_material():
    """Nothing can be painted that the scanner does not know."""
    assert set(materials_of(tissues_of(0))) == set(Structure)


def test_tissues_read_as_in_patients():
    """Unenhanced at 120 kVp: fat, muscle, blood, liver, lung, kidney where radiologists expect them."""
    scanner = Scanner()
    ranges = {
        Structure.VISCERAL_FAT: (-125, -75),
        Structure.PSOAS: (25, 65),
        Structure.AORTA: (30, 60),
        Structure.LIVER: (40, 70),
        Structure.KIDNEY: (20, 45),
        Structure.LUNG: (-900, -750),
        Structure.AIR: (-1001, -999),
        Structure.CANAL: (10, 40),
    }
    for seed in range(10):
        materials = materials_of(tissues_of(seed))
        for structure, (low, high) in ranges.items():
            assert low < scanner.hu_of(materials[structure], 28.0) < high, structure.name


def test_contrast_raises_blood_and_a_little_marrow():
    """A venous phase puts about 150 HU into the aorta and 5 to 20 HU into the vertebra."""
    scanner = Scanner()
    plain, venous = tissues_of(3), tissues_of(3, contrast="venous")
    blood = [scanner.hu_of(materials_of(t)[Structure.AORTA], 28.0) for t in (plain, venous)]
    bone = [scanner.hu_of(trabecular(t, "L1"), 28.0) for t in (plain, venous)]

    assert 100 < blood[1] - blood[0] < 200
    assert 5 < bone[1] - bone[0] < 20
