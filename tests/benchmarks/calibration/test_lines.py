import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from tests.benchmarks.calibration.lines import learned
from tests.benchmarks.calibration.observation import Case, LevelReading, Observation, TissueReading


def _case(slope, offset, *, kvp=120.0, fat=-85.0, muscle=35.0, strands=0.0):
    """A patient whose tissues have known equivalents (mg/cm3) on a scanner of known slope and offset."""

    def reading(mg, less=0.0):
        hu = slope * mg + offset
        return TissueReading(hu, hu - less, 0.5)

    seen = Observation(
        kvp=kvp,
        water_equivalent_diameter_cm=26.0,
        levels=(LevelReading(VertebralLevel.L1, slope * 100 + offset, 1.0),),
        fat=reading(fat),
        muscle=reading(muscle, strands),
        blood=None,
        air=None,
        cortex=None,
        age_years=60,
        scanner="documented",
    )
    return Case(
        key=0,
        observation=seen,
        vbmd_mg_cm3=100.0,
        phantom=(slope, offset),
        scanner="one",
        enriched=False,
    )


@given(st.floats(0.9, 2.0), st.floats(-10, 10))
def test_the_line_is_exact_where_tissues_are_as_learned(slope, offset):
    """Whatever the scanner does to slope and water, the same tissues in another patient give it back."""
    line = learned(("fat", "muscle"), [_case(1.3, 0.0)])
    density = line.density_of_hu(_case(slope, offset).observation)

    assert density(slope * 80 + offset) == pytest.approx(80)


def test_fatty_muscle_reads_too_high():
    """The failure that the method is known for: muscle with fat in it raises the reading, near 80 by its HU."""
    line = learned(("fat", "muscle"), [_case(1.3, 0.0)])
    fatty = _case(1.3, 0.0, strands=10.0).observation

    assert line.density_of_hu(fatty)(1.3 * 80) == pytest.approx(80 + 11, abs=1.5)
    lean = learned(("fat", "muscle"), [_case(1.3, 0.0)], lean=True)
    assert lean.density_of_hu(fatty)(1.3 * 80) == pytest.approx(80)


def test_a_voltage_with_few_patients_reads_with_those_of_all():
    """Nine patients are no reference of their own, ten are."""
    known = [_case(1.3, 0.0)] * 20
    nine, ten = [*known, *[_case(1.9, 0.0, kvp=80, fat=-60)] * 9], [*known, *[_case(1.9, 0.0, kvp=80, fat=-60)] * 10]

    assert 80 not in learned(("fat", "muscle"), nine).equivalents
    assert learned(("fat", "muscle"), ten).equivalents[80][0] == pytest.approx(-60)


def test_a_missing_tissue_is_no_line():
    """None instead of a guess; and nothing can be learned where nobody shows both."""
    line = learned(("fat", "muscle"), [_case(1.3, 0.0)])
    case = _case(1.3, 0.0)

    assert learned(("fat", "muscle"), [case]).density_of_hu(case.observation) is not None
    with pytest.raises(ValueError, match="air and blood"):
        learned(("air", "blood"), [case])
    assert line.tissues == ("fat", "muscle")
