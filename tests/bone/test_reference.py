import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.reference import NORMS, norm_named, z_score

MESA = "mesa-chinese-american"
AGES = np.array([47.5, 52.5, 57.5, 62.5, 67.5, 72.5, 77.5, 82.5])
PUBLISHED = {
    "male": (
        [147.7, 127.9, 115.3, 107.7, 108.5, 97.2, 100.6, 96.1],
        [35.2, 22.8, 22.7, 32.5, 25.7, 18.0, 33.2, 21.9],
    ),
    "female": (
        [139.9, 136.2, 116.4, 109.3, 95.9, 75.7, 62.9, 91.7],
        [28.1, 29.7, 28.4, 30.9, 37.3, 24.1, 20.9, 22.3],
    ),
}

sexes = st.sampled_from(["male", "female"])
ages = st.integers(45, 85)


@pytest.mark.parametrize("sex", ["male", "female"])
def test_the_curve_is_the_fit_of_the_published_means(sex):
    """The stored coefficients are the least-squares quadratic through the published group means (Li 2013)."""
    means, sds = PUBLISHED[sex]
    curve = NORMS[MESA].curves[sex]
    squared, linear, constant = np.polyfit(AGES - 65, means, 2)

    assert (curve.per_year_squared, curve.per_year, curve.at_65) == pytest.approx((squared, linear, constant), rel=1e-3)
    assert curve.sd == pytest.approx(np.sqrt(np.mean(np.square(sds))), abs=0.05)


@given(sexes, ages, ages)
def test_bone_is_never_gained_with_age(sex, one_age, other_age):
    """The smoothed mean never rises with age."""
    young, old = sorted((one_age, other_age))
    curve = NORMS[MESA].curves[sex]

    assert curve.mean(young) >= curve.mean(old)


@given(sexes, ages)
def test_the_mean_has_z_score_0(sex, age):
    """Whoever has the mean of age and sex, on the K2HPO4 scale, has a Z-score of 0."""
    mean, sd = NORMS[MESA].expected_k2hpo4(age, sex)

    assert z_score(mean, age, sex, MESA) == pytest.approx(0)
    assert z_score(mean - 2 * sd, age, sex, MESA) == pytest.approx(-2)


@pytest.mark.parametrize(
    ("age", "sex", "population"),
    [(None, "female", MESA), (70, None, MESA), (70, "female", None), (44, "female", MESA), (86, "male", MESA)],
    ids=["no age", "no sex", "no population", "too young", "too old"],
)
def test_without_facts_there_is_no_z_score(age, sex, population):
    """Age, sex and a named population are all needed, within the norm's ages."""
    assert z_score(90.0, age, sex, population) is None


def test_an_unknown_population_is_an_error_of_the_site():
    """A population that is not there is refused with the names of those that are."""
    with pytest.raises(ValueError, match=MESA):
        norm_named("nowhere")


def test_the_norm_is_converted_to_k2hpo4():
    """A hydroxyapatite norm is lower on the K2HPO4 scale (Goodsitt 1992)."""
    mean, _ = NORMS[MESA].expected_k2hpo4(65, "female")

    assert mean == pytest.approx(0.827 * 96.69)
