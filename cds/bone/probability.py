"""The probability that a reference QCT would read below 80 mg/cm3. Not of osteoporosis or fracture.

The measured value v scatters about the true one t with a normal error; contrast adds a shift that
is uniform on 0 to 25 mg/cm3. With the named norm as prior (flat where none is named):

    P(t < 80 | v) = integral below 80 of p(t) L(v | t) / integral of p(t) L(v | t)
    L = normal density, or under contrast (Phi((v - t) / sd) - Phi((v - t - 25) / sd)) / 25
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from cds.bone.assessment import ContrastState
from cds.bone.category import OSTEOPOROSIS_BELOW_MG_CM3
from cds.bone.contrast import CONTRAST_SHIFT_MG_CM3

REACH_SD: Final = 7.0
POINTS: Final = 8001
"""The integrals are sums over this many cells: exact to 0.001."""


def probability_osteoporosis_range(
    vbmd_mg_cm3: float, sd_mg_cm3: float, contrast: ContrastState, prior: tuple[float, float] | None = None
) -> float:
    """P(reference QCT < 80). `prior`: mean and standard deviation of the norm, K2HPO4 basis."""
    shift = 0.0 if contrast == "none" else CONTRAST_SHIFT_MG_CM3
    reach = REACH_SD * sd_mg_cm3
    true = np.linspace(vbmd_mg_cm3 - shift - reach, vbmd_mg_cm3 + reach, POINTS)
    weight = _likelihood((vbmd_mg_cm3 - true) / sd_mg_cm3, shift / sd_mg_cm3)
    if prior is not None:
        mean, sd = prior
        exponent = -0.5 * ((true - mean) / sd) ** 2
        weight = weight * np.exp(exponent - exponent.max())
    return float(weight[true < OSTEOPOROSIS_BELOW_MG_CM3].sum() / weight.sum())


def _likelihood(excess: NDArray[np.float64], shift: float) -> NDArray[np.float64]:
    """L up to a factor; v - t and the largest shift in standard deviations."""
    if shift == 0:
        return np.exp(-0.5 * excess**2)
    return np.asarray(ndtr(excess) - ndtr(excess - shift), dtype=np.float64)
