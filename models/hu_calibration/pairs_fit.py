"""From pairs of our vBMD and QCT to the coefficients of a scanner, or a sentence that says why not.

The pairs correct the final scale, QCT = a + b v, where v = (HU - o) / s was measured without a site
calibration. Both steps are one formula with other coefficients:

    QCT = a + b (HU - o) / s = (HU - (o - a s / b)) / (s / b)

so the slope factor is 1 / b and the offset moves by -a s / b, with s of a patient of usual size
(water path 30 cm); for another size the offset is off by the few percent by which s differs, of a
few HU. Where the patient's own tissues speak about the offset, they are weighed against this one.
Standard deviations of a and b are carried as if independent; they are not, and the interval is a
little too wide for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.hu_calibration.deming import DemingLine, deming
from models.hu_calibration.phantom_fit import HA_SCALE_SD
from models.hu_calibration.physical_slopes import MARGIN, USUAL_PATH_CM
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError, ScannerCoefficients
from models.hu_calibration.slope_table import Basis, OutsideTableError, SlopeTable

FEWEST_PAIRS: Final = 100
LEAST_CORRELATION: Final = 0.8
"""Published agreement of CT and QCT is above 0.9; rows that do not belong together give less."""
LEAST_SPAN_MG_CM3: Final = 50.0


@dataclass(frozen=True, slots=True)
class PairsFit:
    """The line QCT = intercept + slope * ours on the K2HPO4 scale, and what follows for the scanner."""

    line: DemingLine
    table_slope_hu_per_mg_cm3: float
    coefficients: ScannerCoefficients


def fit_pairs(  # noqa: PLR0913 (each is one fact about the pairs)
    ours_mg_cm3: Sequence[float],
    qct_mg_cm3: Sequence[float],
    table: SlopeTable,
    *,
    kvp: float,
    qct_basis: Basis = "K2HPO4",
    error_variance_ratio: float = 1.0,
) -> PairsFit:
    """Coefficients of the scanner; `error_variance_ratio`: var(error of QCT) / var(our error).

    QCT on the HA scale is converted to K2HPO4 by physics. Raises `CalibrationRefusedError` with a sentence.
    """
    try:
        slopes = {b: table.slope_hu_per_mg_cm3(kvp, USUAL_PATH_CM, basis=b) for b in ("K2HPO4", "HA")}
        light, hard = (table.slope_hu_per_mg_cm3(kvp, USUAL_PATH_CM, f) for f in ("light", "hard"))
    except OutsideTableError as error:
        raise CalibrationRefusedError(f"{error}; look at the column kvp") from error
    _refuse_numbers(ours_mg_cm3, qct_mg_cm3)
    scale = slopes[qct_basis] / slopes["K2HPO4"]
    table_slope = slopes["K2HPO4"]
    try:
        line = deming(ours_mg_cm3, [scale * value for value in qct_mg_cm3], error_variance_ratio)
    except ValueError as error:
        raise CalibrationRefusedError(f"no line fits the pairs: {error}") from error
    _refuse_line(line, (table_slope / (light * (1 + MARGIN)), table_slope / (hard * (1 - MARGIN))))
    factor, slope = 1 / line.slope, table_slope / line.slope
    brand_sd = HA_SCALE_SD if qct_basis == "HA" else 0.0
    coefficients = ScannerCoefficients(
        slope_factor=factor,
        slope_factor_sd=factor * ((line.slope_sd / line.slope) ** 2 + brand_sd**2) ** 0.5,
        offset_hu=-line.intercept * slope,
        offset_sd_hu=line.intercept_sd * slope,
    )
    return PairsFit(line, table_slope, coefficients)


def _refuse_numbers(ours: Sequence[float], qct: Sequence[float]) -> None:
    if len(ours) != len(qct) or len(ours) < FEWEST_PAIRS:
        raise CalibrationRefusedError(
            f"{len(ours)} pairs; a scale is corrected with at least {FEWEST_PAIRS}: fewer add error"
        )
    for what, values in (("vbmd_mg_cm3", ours), ("qct_mg_cm3", qct)):
        if max(values) - min(values) < LEAST_SPAN_MG_CM3:
            raise CalibrationRefusedError(
                f"{what} spans {max(values) - min(values):g} mg/cm3; at least {LEAST_SPAN_MG_CM3:g} are needed, from "
                "osteoporosis to normal"
            )


def _refuse_line(line: DemingLine, believable: tuple[float, float]) -> None:
    if line.correlation < LEAST_CORRELATION:
        raise CalibrationRefusedError(
            f"ours and QCT correlate at {line.correlation:.2f} (at least {LEAST_CORRELATION:g}): do the rows belong "
            "together?"
        )
    low, high = believable
    if not low <= line.slope <= high:
        raise CalibrationRefusedError(
            f"QCT rises by {line.slope:.2f} mg/cm3 for each of ours, outside the believable {low:.2f} to {high:.2f}: "
            "are the columns exchanged, is one of them in HU, or is the basis of QCT not K2HPO4?"
        )
