import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.gates import GATES
from cds.inference.calibrator import PhysicsCalibrator
from cds.ports import HuCalibrator
from models.hu_calibration.slope_table import OutsideTableError, SlopeTable
from tests.bone.phantom import a_series

CALIBRATOR: HuCalibrator = PhysicsCalibrator()
TABLE = SlopeTable.load()


@given(st.floats(70, 150), st.floats(14, 44))
def test_the_water_path_is_longer_than_the_diameter(kvp, diameter_cm):
    """4 cm are added at lumbar levels, 2 cm at thoracic ones."""
    series = a_series(kvp=kvp)
    lumbar = CALIBRATOR.calibrate(series, diameter_cm, thoracic=False)
    thoracic = CALIBRATOR.calibrate(series, diameter_cm, thoracic=True)

    assert lumbar.slope_hu_per_mg_cm3 == TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 4)
    assert thoracic.slope_hu_per_mg_cm3 == TABLE.slope_hu_per_mg_cm3(kvp, diameter_cm + 2)


def test_an_unknown_scanner_is_said_to_be_uncertain():
    """8 % of slope, 2.5 HU of offset, scanner unknown."""
    calibration = CALIBRATOR.calibrate(a_series(), 26.0, thoracic=False)

    assert calibration.scanner == "unknown"
    assert calibration.slope_sd_fraction == 0.08
    assert (calibration.offset_hu, calibration.offset_sd_hu) == (0.0, 2.5)
    assert calibration.water_equivalent_diameter_cm == 26.0


def test_the_version_names_the_numbers():
    """Another table is another version."""
    assert TABLE.sha256[:12] in CALIBRATOR.version
    assert CALIBRATOR.calibrate(a_series(), 26.0, thoracic=False).version == CALIBRATOR.version


@pytest.mark.parametrize(("kvp", "diameter_cm"), [(60.0, 26.0), (120.0, 60.0), (120.0, 2.0)])
def test_outside_the_table_there_is_no_calibration(kvp, diameter_cm):
    """What the gates should have refused is refused again."""
    with pytest.raises(OutsideTableError):
        CALIBRATOR.calibrate(a_series(kvp=kvp), diameter_cm, thoracic=False)


def test_without_kvp_there_is_no_calibration():
    """A missing voltage is never replaced by a usual one."""
    with pytest.raises(ValueError, match="kVp"):
        CALIBRATOR.calibrate(a_series(kvp=None), 26.0, thoracic=False)


def test_size_gate_and_table_agree():
    """Every diameter that the gate accepts has a slope at lumbar and thoracic levels."""
    for diameter_cm in GATES["size"].accepted:
        for thoracic in (True, False):
            assert CALIBRATOR.calibrate(a_series(), diameter_cm, thoracic=thoracic).slope_hu_per_mg_cm3 > 1
