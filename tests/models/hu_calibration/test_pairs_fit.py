"""Pairs with QCT to coefficients: one formula for both corrections, and every refusal with its sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hu_calibration.pairs_fit import fit_pairs
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError
from models.hu_calibration.slope_table import SlopeTable

TABLE = SlopeTable.load()
OURS = np.random.default_rng(3).normal(115, 32, 140)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.9, 1.12), st.floats(-8, 8), st.floats(80, 140), st.floats(-50, 300))
def test_one_formula_is_both_corrections(slope, intercept, kvp, hu):
    """(HU - offset) / (factor x table slope) is intercept + slope x (HU / table slope), at the usual size."""
    known = fit_pairs(OURS, intercept + slope * OURS, TABLE, kvp=kvp).coefficients
    table_slope = TABLE.slope_hu_per_mg_cm3(kvp, 30)

    corrected = (hu - known.offset_hu) / (known.slope_factor * table_slope)

    assert corrected == pytest.approx(intercept + slope * hu / table_slope, abs=1e-6)


def test_at_other_sizes_the_offset_errs_by_little():
    """Water paths of 22 and 40 cm: the 8 mg/cm3 of an intercept are met within 1 mg/cm3."""
    known = fit_pairs(OURS, 8 + OURS, TABLE, kvp=120).coefficients
    for path_cm in (22, 40):
        slope = TABLE.slope_hu_per_mg_cm3(120, path_cm)
        assert (100 * slope - known.offset_hu) / (known.slope_factor * slope) == pytest.approx(108, abs=1)


def test_qct_on_the_hydroxyapatite_scale_is_converted():
    """HA reads higher by physics: the same scanner is found, less surely."""
    ratio = TABLE.slope_hu_per_mg_cm3(120, 30, basis="HA") / TABLE.slope_hu_per_mg_cm3(120, 30)
    known = fit_pairs(OURS, OURS / ratio, TABLE, kvp=120, qct_basis="HA").coefficients

    assert known.slope_factor == pytest.approx(1)
    assert known.slope_factor_sd == pytest.approx(0.04, abs=0.001)


def test_a_compressed_scale_is_stretched_without_flattening():
    """Ours at 0.9 of the truth with errors on both sides: the factor is 0.9 within two of its SDs."""
    random = np.random.default_rng(8)
    truth = random.normal(115, 32, 400)
    ours, qct = 0.9 * truth + random.normal(0, 5, 400), truth + random.normal(0, 5, 400)
    known = fit_pairs(ours, qct, TABLE, kvp=120).coefficients

    assert known.slope_factor == pytest.approx(0.9, abs=2 * known.slope_factor_sd)
    assert known.slope_factor_sd < 0.02


@pytest.mark.parametrize(
    ("ours", "qct", "kvp", "sentence"),
    [
        (OURS[:99], OURS[:99], 120, "99 pairs.*at least 100"),
        (OURS, np.random.default_rng(4).permutation(OURS), 120, "belong together"),
        (1.3 * OURS, OURS, 120, "one of them in HU"),
        (OURS, 1.5 * OURS, 120, "outside the believable"),
        (OURS, -OURS, 120, "belong together"),
        (OURS / 1000, OURS, 120, "vbmd_mg_cm3 spans"),
        (OURS, 30 + OURS, 120, "offset of .* HU is not believable"),
        (OURS, OURS, 0, "kVp 0 is outside"),
    ],
)
def test_pairs_that_are_no_calibration_are_refused_with_a_sentence(ours, qct, kvp, sentence):
    """Each fault is named; none gives a number."""
    with pytest.raises(CalibrationRefusedError, match=sentence):
        fit_pairs(ours, qct, TABLE, kvp=kvp)
