from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.digital_patient.attenuation import beam, k2hpo4_equivalent, reference_reading
from models.digital_patient.composition import (
    CONSTITUENTS,
    Bone,
    Solution,
    combined,
    composition_of,
    mineral_step,
    solution,
)
from models.digital_patient.materials import MARROW_FAT_AT_120_KVP, Material

BONE = Bone(reference_reading)
densities = st.floats(0, 250)
fats = st.floats(20, 85)


def test_mass_fractions_are_complete():
    """Those of every constituent sum to one."""
    for name, fractions in CONSTITUENTS.items():
        assert sum(fractions.values()) == pytest.approx(1, abs=0.003), name


@settings(deadline=None)  # the first call computes a spectrum
@given(densities, fats)
def test_bone_reads_what_it_was_made_for(vbmd, fat):
    """Whatever its marrow, a QCT phantom beside it at 120 kVp says the vBMD that was asked for."""
    assert reference_reading(BONE.spongy(vbmd, fat)) == pytest.approx(vbmd, abs=1e-6)


@settings(deadline=None)  # the first call computes a spectrum
@given(densities, st.sampled_from((80.0, 100.0, 140.0)), st.floats(15, 40))
def test_a_solution_reads_its_density_at_any_voltage(vbmd, kvp, path):
    """K2HPO4 is the scale itself: no spectrum and no size changes it."""
    assert k2hpo4_equivalent(solution(vbmd), beam(kvp, "standard"), path) == pytest.approx(vbmd, abs=1e-6)


@settings(deadline=None)  # the first call computes a spectrum
@given(densities, fats)
def test_fatter_marrow_needs_more_mineral_for_the_same_reading(vbmd, fat):
    """Fat lowers a reading, so bone that reads the same holds more mineral."""
    assert BONE.spongy(vbmd, fat + 5)["HA"] > BONE.spongy(vbmd, fat)["HA"]


@pytest.mark.parametrize(("kvp", "published"), [(80.0, 0.40), (100.0, 0.43), (120.0, 0.45), (140.0, 0.47)])
def test_yellow_marrow_takes_what_was_published(kvp, published):
    """One per cent more of it costs 0.40 to 0.47 mg/cm3 by voltage."""
    read = partial(k2hpo4_equivalent, seen_with=beam(kvp, "standard"), water_path_cm=25.0)
    red, yellow = ({name: density} for name, density in (("red marrow", 1.03), ("yellow marrow", 0.98)))

    assert (read(red) - read(yellow)) / 100 == pytest.approx(published, abs=0.02)


def test_mineral_is_linear():
    """Twenty more mg/cm3 are twenty times the step of one."""
    for model in (Solution(), BONE):
        more = combined((1, model.spongy(100, 40)), (20, mineral_step(model)))

        assert reference_reading(more) == pytest.approx(120, abs=0.5)


def test_materials_of_soft_tissue():
    """Air is nothing; a fifth of fat in muscle is a fifth of its volume; iodine is counted in mg/ml."""
    assert composition_of(Material("air"), BONE) == {}
    marbled = composition_of(Material("muscle", 1.0, 0.2, iodine_mg_ml=2.0), BONE)
    assert marbled == pytest.approx({"muscle": 0.8 * 1.05, "fat": 0.2 * 0.93, "iodine": 0.002})


def test_spongy_bone_of_the_simulator_reads_its_truth():
    """A core as `materials` describes it, marrow fat counted in, is bone of that vBMD."""
    core = Material("water", mineral_mg_cm3=100 + MARROW_FAT_AT_120_KVP * 50, marrow_fat_percent=50)

    assert reference_reading(composition_of(core, BONE)) == pytest.approx(100)
