import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Premises
from cds.bone.level_conversion import choose_levels
from cds.bone.patient import patient_result
from tests.bone.builders import a_density

MESA = "mesa-chinese-american"
L1, L2 = VertebralLevel.L1, VertebralLevel.L2


def result(hu=128.0, *, age=70, sex="female", contrast="none", population=MESA, levels=("L1", "L2"), ambiguous=False):
    """The result for a patient whose levels all read the same."""
    densities = {VertebralLevel(level): a_density(level, hu) for level in levels}
    return patient_result(
        densities,
        choose_levels(densities),
        contrast=contrast,
        ambiguous=ambiguous,
        premises=Premises(age_years=age, sex=sex, population=population),
    )


def test_an_older_patient_gets_everything():
    """Value, interval, category, probability and Z-score."""
    found = result()

    assert found.vbmd_mg_cm3 == 100.0
    assert found.category == "low"
    assert 0 < found.probability_osteoporosis_range < 0.1
    assert found.z_score == pytest.approx((100 / 0.827 - 87.9936) / 28.1, abs=0.01)
    assert found.flags == ()


def test_a_younger_patient_gets_value_and_z_score_only():
    """Under 50 there is no category and no probability."""
    found = result(age=47)

    assert (found.category, found.probability_osteoporosis_range) == (None, None)
    assert found.z_score is not None


@pytest.mark.parametrize(
    "facts",
    [
        {"age": None},
        {"sex": None},
        {"population": None},
        {"contrast": "enhanced"},
        {"contrast": "unknown"},
        {"levels": ("T10", "T11")},
    ],
    ids=str,
)
def test_no_z_score_without_its_basis(facts):
    """Unknown age or sex, no named norm, contrast or a thoracic estimate: no Z-score."""
    assert result(**facts).z_score is None


def test_the_named_norm_moves_the_probability():
    """A norm with a high mean makes a value just below 80 less likely to be below."""
    with_norm, without = result(hu=100, age=52), result(hu=100, age=52, population=None)

    assert with_norm.probability_osteoporosis_range < without.probability_osteoporosis_range


@given(st.floats(0, 350))
def test_the_category_follows_the_number_shown(hu):
    """The value is rounded before it is judged: 79.96 is shown as 80.0 and is low."""
    found = result(hu=hu)
    expected = "osteoporosis-range" if found.vbmd_mg_cm3 < 80 else "low" if found.vbmd_mg_cm3 <= 120 else "normal"

    assert found.vbmd_mg_cm3 == round(found.vbmd_mg_cm3, 1)
    assert found.category in {expected, "indeterminate"}


@given(st.floats(0, 350), st.floats(0, 350), st.sampled_from(["none", "enhanced"]))
def test_more_bone_means_a_higher_value(one_hu, other_hu, contrast):
    """The patient's value rises with the reading, with contrast and without."""
    low, high = sorted((one_hu, other_hu))

    assert result(hu=low, contrast=contrast).vbmd_mg_cm3 <= result(hu=high, contrast=contrast).vbmd_mg_cm3


def test_a_thoracic_estimate_is_too_wide_for_a_category():
    """16 mg/cm3 of residual alone make the interval wider than 50."""
    found = result(hu=256, levels=("T9", "T10", "T11"))

    assert found.category == "indeterminate"
    assert "thoracic-estimate" in found.flags


def test_an_unknown_population_is_refused():
    """A site that names a norm that is not there learns so."""
    with pytest.raises(ValueError, match="unknown population"):
        result(population="nowhere")


def test_ambiguous_numbering_widens_the_interval():
    """The interval is wider where the numbering may be off by one."""
    sure, unsure = result(), result(ambiguous=True)

    assert unsure.ci95_mg_cm3[0] < sure.ci95_mg_cm3[0]
    assert unsure.vbmd_mg_cm3 == sure.vbmd_mg_cm3


def test_ambiguous_numbering_has_no_z_score():
    """A value that may belong to another level is not held against the norm of L1-L2."""
    assert result().z_score is not None
    assert result(ambiguous=True).z_score is None
