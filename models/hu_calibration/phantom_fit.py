"""From the rods of a phantom to the coefficients of a scanner, or a sentence that says why not.

Slope and offset are those of the line through the rods (`rod_line`). The slope factor is the measured
slope over that of the table at the phantom's water path, on the same basis; its spread comes from the
line, from the path, and for hydroxyapatite phantoms from the conversion to K2HPO4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Final

from models.hu_calibration.phantoms import phantom_of
from models.hu_calibration.physical_slopes import RodPosition, path_sd_fraction, phantom_path_cm, physical_slopes
from models.hu_calibration.rod_line import Rod, RodLine, fit_rods
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError, ScannerCoefficients
from models.hu_calibration.slope_table import Basis, OutsideTableError, SlopeTable

FEWEST_RODS: Final = 3
LEAST_SPAN_MG_CM3: Final = 50.0
"""Between lightest and densest rod; the densities that matter lie between 50 and 150."""
LEAST_R_SQUARED: Final = 0.98
SAME_DENSITY_MG_CM3: Final = 10.0
"""Rods nearer than this may read either way round because of noise (10 mg/cm3 are about 13 HU)."""

HA_SCALE_SD: Final = 0.04
"""Hydroxyapatite phantoms to the K2HPO4 scale: physics says 0.97 at 120 kVp, Faulkner's regression
(HA = 1.15 K - 7.3, as it is commonly quoted) 0.94 at 80 mg/cm3 and 0.92 at 120."""
HA_PLASTIC_SD_HU: Final = 3.0
"""The plastic around them stands for water within a few HU; assumed, no certificate says it exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomScan:
    """One scan of one phantom."""

    rods: tuple[Rod, ...]
    kvp: float
    water_equivalent_diameter_cm: float
    """Of body phantom and rods together in the slice of the rods."""
    basis: Basis
    brand: str
    position: RodPosition = "centre"
    """In the middle of a body phantom, or at its edge (under or on it)."""


@dataclass(frozen=True, slots=True)
class PhantomFit:
    """What was measured, what the table says, and what follows for the scanner."""

    line: RodLine
    table_slope_hu_per_mg_cm3: float
    """Standard filtration, basis and water path of the phantom."""
    coefficients: ScannerCoefficients


def fit_phantom(scan: PhantomScan, table: SlopeTable) -> PhantomFit:
    """Coefficients of the scanner; raises `CalibrationRefusedError` with a sentence."""
    _refuse_brand(scan)
    _refuse_numbers(scan.rods)
    path_cm = phantom_path_cm(scan.water_equivalent_diameter_cm, scan.position)
    try:
        table_slope = table.slope_hu_per_mg_cm3(scan.kvp, path_cm, basis=scan.basis)
        believable = physical_slopes(table, scan.kvp, scan.basis, path_cm)
        path_sd = path_sd_fraction(table, scan.kvp, path_cm, scan.position)
    except OutsideTableError as error:
        raise CalibrationRefusedError(
            f"{error}; look at the columns kvp and water_equivalent_diameter_cm (in cm)"
        ) from error
    line = fit_rods(scan.rods)
    _refuse_slope(scan.rods, line, believable)
    _refuse_scatter(scan.rods, line)
    solid = scan.basis == "HA"
    factor = line.slope_hu_per_mg_cm3 / table_slope
    spread = hypot(line.slope_sd / line.slope_hu_per_mg_cm3, path_sd, HA_SCALE_SD if solid else 0.0)
    coefficients = ScannerCoefficients(
        slope_factor=factor,
        slope_factor_sd=factor * spread,
        offset_hu=line.intercept_hu,
        offset_sd_hu=hypot(line.intercept_sd_hu, HA_PLASTIC_SD_HU if solid else 0.0),
    )
    return PhantomFit(line, table_slope, coefficients)


def _refuse_brand(scan: PhantomScan) -> None:
    """Basis and water density must be those that the brand states."""
    known = phantom_of(scan.brand)
    with_water = [rod.water_mg_cm3 is not None for rod in scan.rods]
    if known is not None and known.basis != scan.basis:
        raise CalibrationRefusedError(
            f"phantom {scan.brand} states {known.basis}, the column basis says {scan.basis}; mend one of the two"
        )
    if known is not None and known.states_water and not all(with_water):
        raise CalibrationRefusedError(
            f"phantom {scan.brand} states two densities for each rod: give the water density of its certificate "
            "in a column rod_water_mg_cm3"
        )
    if any(with_water) and not (all(with_water) and scan.basis == "K2HPO4"):
        raise CalibrationRefusedError(
            "rod_water_mg_cm3 belongs to K2HPO4 rods, and to all rods of a phantom or to none"
        )


def _refuse_numbers(rods: Sequence[Rod]) -> None:
    """Enough rods, far enough apart, with numbers that are numbers."""
    if not all(isfinite(rod.density_mg_cm3) and isfinite(rod.solution_hu) for rod in rods):
        raise CalibrationRefusedError("a rod has a density or HU that is not a number")
    densities = sorted({rod.density_mg_cm3 for rod in rods})
    if len(densities) < FEWEST_RODS:
        raise CalibrationRefusedError(
            f"{len(densities)} rod(s) of different density; a line with an uncertainty needs at least {FEWEST_RODS}"
        )
    span = densities[-1] - densities[0]
    if span < 1.0:
        raise CalibrationRefusedError(
            f"the rods span {span:g} mg/cm3: are the densities in g/cm3? rod_density_mg_cm3 takes mg/cm3"
        )
    if span < LEAST_SPAN_MG_CM3:
        raise CalibrationRefusedError(
            f"the rods span {span:g} mg/cm3; at least {LEAST_SPAN_MG_CM3:g} are needed for a slope"
        )


def _refuse_slope(rods: Sequence[Rod], line: RodLine, believable: tuple[float, float]) -> None:
    """Outside physics: exchanged columns are named, everything else is shown with the range."""
    low, high = believable
    slope = line.slope_hu_per_mg_cm3
    if low <= slope <= high:
        return
    if _fits_exchanged(rods, believable):
        raise CalibrationRefusedError(
            f"the columns rod_density_mg_cm3 and rod_hu look exchanged: as they stand the slope is {slope:.3g} HU per "
            f"mg/cm3, the other way round it is one of the believable {low:.2f} to {high:.2f}"
        )
    _refuse_order(rods)
    raise CalibrationRefusedError(
        f"a slope of {slope:.3g} HU per mg/cm3 is outside physics at this tube voltage ({low:.2f} to {high:.2f}): look "
        "at kvp, at basis, and at the unit of the densities (mg/cm3)"
    )


def _fits_exchanged(rods: Sequence[Rod], believable: tuple[float, float]) -> bool:
    """Whether the rods lie on a believable line once density and HU change places."""
    exchanged = [Rod(rod.hu, rod.density_mg_cm3, None, rod.water_mg_cm3) for rod in rods]
    if len({rod.density_mg_cm3 for rod in exchanged}) < FEWEST_RODS:
        return False
    line = fit_rods(exchanged)
    return believable[0] <= line.slope_hu_per_mg_cm3 <= believable[1] and line.r_squared >= LEAST_R_SQUARED


def _refuse_scatter(rods: Sequence[Rod], line: RodLine) -> None:
    """Rods out of order, or a line that does not pass through them."""
    _refuse_order(rods)
    if line.r_squared < LEAST_R_SQUARED:
        worst = max(range(len(rods)), key=lambda at: abs(line.residuals_hu[at]))
        raise CalibrationRefusedError(
            f"the rods do not lie on a line (R2 {line.r_squared:.3f}, at least {LEAST_R_SQUARED:g}); the rod of "
            f"{rods[worst].density_mg_cm3:g} mg/cm3 is {line.residuals_hu[worst]:+.0f} HU off"
        )


def _refuse_order(rods: Sequence[Rod]) -> None:
    """A denser rod reads more."""
    for light in rods:
        for dense in rods:
            denser = dense.density_mg_cm3 - light.density_mg_cm3 >= SAME_DENSITY_MG_CM3
            if denser and dense.solution_hu <= light.solution_hu:
                raise CalibrationRefusedError(
                    f"the rod of {dense.density_mg_cm3:g} mg/cm3 reads {dense.solution_hu:.0f} HU, no more than the "
                    f"one of {light.density_mg_cm3:g} mg/cm3 ({light.solution_hu:.0f} HU): two rods look exchanged"
                )
