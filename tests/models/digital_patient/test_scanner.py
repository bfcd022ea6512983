import numpy as np
import pytest

from models.digital_patient.anatomy import PatientOptions, draw_anatomy
from models.digital_patient.materials import draw_tissues, trabecular
from models.digital_patient.scanner import Scanner, water_path_cm
from models.hu_calibration.slope_table import SlopeTable


def tissues_of(seed, vbmd=100.0):
    """Biology of one patient."""
    return draw_tissues(np.random.default_rng(seed), None, vbmd, "none")


@pytest.mark.parametrize("path", [20.0, 28.0, 36.0])
def test_at_120_kvp_hu_is_slope_times_density(path):
    """The truth is what QCT at 120 kVp reads, so slope times vBMD is the HU of the core, whatever the marrow."""
    for seed in range(5):
        tissues = tissues_of(seed)
        expected = SlopeTable.load().slope_hu_per_mg_cm3(120, path) * tissues.vbmd_mg_cm3["L1"]

        assert Scanner().hu_of(trabecular(tissues, "L1"), path) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("kvp", "per_percent"), [(80.0, 0.05), (100.0, 0.02), (140.0, -0.02)])
def test_marrow_fat_counts_differently_at_other_voltages(kvp, per_percent):
    """Each per cent of marrow fat shifts the reading by the difference of the published coefficients."""
    tissues = tissues_of(1)
    scanner = Scanner(kvp=kvp)
    reading = scanner.hu_of(trabecular(tissues, "L1"), 28.0) / scanner.slope_hu_per_mg_cm3(28.0)

    expected = tissues.vbmd_mg_cm3["L1"] + per_percent * tissues.marrow_fat_percent
    assert reading == pytest.approx(expected, abs=0.01)


def test_a_scanner_is_off_by_what_it_was_given():
    """Offset adds to every tissue; the slope deviation scales what mineral adds."""
    core = trabecular(tissues_of(2), "L1")
    true = Scanner().hu_of(core, 28.0)

    assert Scanner(offset_hu=3.0).hu_of(core, 28.0) == pytest.approx(true + 3.0)
    assert Scanner(slope_deviation=0.08).hu_of(core, 28.0) == pytest.approx(true * 1.08)


def test_larger_patients_have_longer_paths():
    """Twenty more millimetres of fat lengthen the path at L1 by 2 to 5 cm, and the lungs shorten that of T7."""
    paths = []
    for fat in (10.0, 30.0):
        anatomy = draw_anatomy(np.random.default_rng(1), PatientOptions(fat_mm=fat, arms="up"))
        at = np.array([anatomy.vertebra(level).centre[2] for level in ("T7", "L1")])
        paths.append(water_path_cm(anatomy, tissues_of(1), Scanner(), at[::-1]))

    assert 2 < paths[1][0] - paths[0][0] < 6
    assert paths[0][1] < paths[0][0]
    assert 20 < paths[0][0] < 34


def test_hardness_lies_between_filtrations():
    """Half a step towards hard lowers the slope, as far on either side as the filters lie; 0 is the table itself."""
    plain, harder, softer = (Scanner(hardness=each).slope_hu_per_mg_cm3(28.0) for each in (0.0, 1.0, -1.0))
    light, hard = (Scanner(filtration=each).slope_hu_per_mg_cm3(28.0) for each in ("light", "hard"))

    assert plain == SlopeTable.load().slope_hu_per_mg_cm3(120, 28.0)
    assert softer - harder == pytest.approx(light - hard)
    assert (softer + harder) / 2 == pytest.approx(plain)
