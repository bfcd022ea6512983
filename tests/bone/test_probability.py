import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from cds.bone.probability import probability_osteoporosis_range

values = st.floats(-20, 260)
sds = st.floats(2, 20)
contrasts = st.sampled_from(["none", "enhanced", "unknown"])
priors = st.one_of(st.none(), st.tuples(st.floats(50, 180), st.floats(15, 45)))


@given(values, sds)
def test_without_a_prior_it_is_the_normal_tail(value, sd):
    """Unenhanced and without a norm: Phi((80 - value) / sd)."""
    assert probability_osteoporosis_range(value, sd, "none") == pytest.approx(norm.cdf((80 - value) / sd), abs=0.002)


@given(values, sds, contrasts, priors)
def test_it_is_a_probability(value, sd, contrast, prior):
    """Never below 0 or above 1."""
    assert 0 <= probability_osteoporosis_range(value, sd, contrast, prior) <= 1


@given(values, values, sds, contrasts, priors)
def test_a_higher_value_is_less_likely_below_80(one, other, sd, contrast, prior):
    """The probability falls as the value rises."""
    low, high = sorted((one, other))

    assert (
        probability_osteoporosis_range(low, sd, contrast, prior)
        >= probability_osteoporosis_range(high, sd, contrast, prior) - 0.002
    )


@given(values, sds, priors)
def test_contrast_makes_it_more_likely(value, sd, prior):
    """A shift that may have raised the reading raises the probability; unknown counts as contrast."""
    native = probability_osteoporosis_range(value, sd, "none", prior)
    enhanced = probability_osteoporosis_range(value, sd, "enhanced", prior)

    assert enhanced >= native - 0.002
    assert probability_osteoporosis_range(value, sd, "unknown", prior) == enhanced


def test_the_shift_is_uniform():
    """Under contrast the probability is that of a uniform shift of 0 to 25 taken off the value."""
    shifts = np.linspace(0, 25, 2001)
    expected = norm.cdf((80 - (95 - shifts)) / 6).mean()

    assert probability_osteoporosis_range(95, 6, "enhanced") == pytest.approx(expected, abs=0.003)


def test_the_prior_pulls_by_its_weight():
    """A normal prior combines with the measurement as precisions add."""
    value, sd, mean, spread = 78.0, 8.0, 120.0, 25.0
    weight = 1 / sd**2 + 1 / spread**2
    posterior = (value / sd**2 + mean / spread**2) / weight

    assert probability_osteoporosis_range(value, sd, "none", (mean, spread)) == pytest.approx(
        norm.cdf((80 - posterior) * weight**0.5), abs=0.002
    )
