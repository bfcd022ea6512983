from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.gates import GATES
from cds.inference.calibrator import PhysicsCalibrator, _lines
from cds.ports import HuCalibrator
from models.hu_calibration.scanner_prior import UNKNOWN_SCANNER, ScannerPrior
from models.hu_calibration.slope_table import OutsideTableError, SlopeTable
from tests.bone.builders import a_sample
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
    """8 % of slope and the filtration on top, 2.5 HU of offset, scanner unknown."""
    calibration = CALIBRATOR.calibrate(a_series(), 26.0, thoracic=False)
    filtration = 0.35 * (1.346 - 1.227) / 2 / 1.287

    assert calibration.scanner == "unknown"
    assert calibration.slope_sd_fraction == pytest.approx((0.08**2 + filtration**2) ** 0.5, rel=0.01)
    assert (calibration.offset_hu, calibration.offset_sd_hu) == (0.0, 2.5)
    assert calibration.water_equivalent_diameter_cm == 26.0


def test_the_version_names_the_numbers():
    """Another table is another version, and so is anything else on file about scanners."""
    assert PhysicsCalibrator(on_file="1f3c").version == f"{CALIBRATOR.version}+site-1f3c"
    assert TABLE.sha256[:12] in CALIBRATOR.version
    assert CALIBRATOR.calibrate(a_series(), 26.0, thoracic=False).version == CALIBRATOR.version


def test_what_is_known_of_the_scanner_enters():
    """A calibrator that knows one scanner uses it there, and says so; elsewhere the scanner is unknown."""
    site = ScannerPrior("site", 1.05, 0.015, 2.0, 0.5, 0.0, "QRM phantom, 2026-01-10")
    knowing = PhysicsCalibrator(scanner_prior=lambda series: site if series.model == "A" else UNKNOWN_SCANNER)
    known, other = (knowing.calibrate(a_series(model=model), 26.0, thoracic=False) for model in ("A", "B"))

    assert (known.scanner, known.source, known.offset_hu) == ("site", "QRM phantom, 2026-01-10", 2.0)
    assert known.slope_hu_per_mg_cm3 == pytest.approx(1.05 * other.slope_hu_per_mg_cm3)
    assert known.slope_sd_fraction == pytest.approx(0.015)
    assert other.scanner == "unknown"


def test_tissues_move_the_offset():
    """All of them 5 HU high: the offset rises, is surer than before, and the tissues are named."""
    samples = [a_sample("fat", -97.0), a_sample("muscle", 45.0), a_sample("blood", 47.0)]
    calibration = CALIBRATOR.calibrate(a_series(), 25.0, thoracic=False, samples=samples)

    assert 0.3 < calibration.offset_hu < 2
    assert calibration.offset_sd_hu < 2.4
    assert calibration.method.endswith("offset from fat, muscle, blood")
    assert [round(each.expected_hu) for each in calibration.tissues] == [-102, 40, 42]


@pytest.mark.parametrize("water_path_cm", [0.0, 4.0, 80.0])
def test_a_water_path_beyond_the_table_is_the_nearest(water_path_cm):
    """A sample beside levels that the size gate refuses does not stop those that it accepts."""
    samples = [a_sample("blood", 44.0, water_path_cm=water_path_cm)]

    assert CALIBRATOR.calibrate(a_series(), 25.0, thoracic=False, samples=samples).tissues[0].used


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


def test_lines_go_through_what_can_be_trusted():
    """Neither a tissue that reads what none does, nor two that read alike, make a line to compare with."""
    samples = [a_sample("air", -1000.0), a_sample("blood", 42.0), a_sample("fat", -104.0), a_sample("muscle", 2.0)]
    calibration = CALIBRATOR.calibrate(a_series(), 25.0, thoracic=False, samples=samples)
    alike = [replace(each, used=True, hu=-60.0) for each in calibration.tissues]

    assert [line.tissues for line in calibration.lines] == ["air+blood"]
    assert _lines(alike, 1.287) == ()
