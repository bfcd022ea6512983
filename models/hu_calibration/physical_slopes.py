"""Which slopes physics allows at a tube voltage, and where the water path of a phantom lies."""

from typing import Final, Literal

from models.hu_calibration.slope_table import Basis, SlopeTable

RodPosition = Literal["centre", "edge"]

MARGIN: Final = 0.10
"""Beyond the tables: the detector model and scatter move a slope by several percent."""

SMALLEST_PATH_CM, LARGEST_PATH_CM = 16.0, 40.0

USUAL_PATH_CM: Final = 30.0
"""Of a patient of 26 cm water-equivalent diameter, at L1."""

BODY_EXTRA_CM: Final = 4.0
"""Water path in the middle of a body over its water-equivalent diameter (simulated projections, 0.2 %)."""

EDGE_PATH_CM: Final = 10.0
"""Water path at the skin, at every tube voltage (simulated projections): rays there are less hardened."""

PATH_SD_CM: Final = {"centre": 1.0, "edge": 4.0}
"""How well the path is known: 0.6 cm between tube voltages and 1 cm of diameter; at the edge, by depth."""


def phantom_path_cm(water_equivalent_diameter_cm: float, position: RodPosition) -> float:
    """Water path of the beam through rods in the middle of a body phantom, or at its edge."""
    return EDGE_PATH_CM if position == "edge" else water_equivalent_diameter_cm + BODY_EXTRA_CM


def physical_slopes(table: SlopeTable, kvp: float, basis: Basis, path_cm: float) -> tuple[float, float]:
    """Least and largest believable HU per mg/cm3: hard filtration at 40 cm to light at 16, and 10 %.

    A path shorter than 16 cm extends the range to itself. Raises `OutsideTableError`.
    """
    shortest = min(SMALLEST_PATH_CM, path_cm)
    least = table.slope_hu_per_mg_cm3(kvp, LARGEST_PATH_CM, "hard", basis)
    largest = table.slope_hu_per_mg_cm3(kvp, shortest, "light", basis)
    return least * (1 - MARGIN), largest * (1 + MARGIN)


def path_sd_fraction(table: SlopeTable, kvp: float, path_cm: float, position: RodPosition) -> float:
    """Relative standard deviation of the table's slope because the path is uncertain."""
    sd_cm = PATH_SD_CM[position]
    low = max(path_cm - sd_cm, table.water_path_cm[0])
    high = min(path_cm + sd_cm, table.water_path_cm[-1])
    change = table.slope_hu_per_mg_cm3(kvp, low) / table.slope_hu_per_mg_cm3(kvp, high) - 1
    return change * sd_cm / (high - low)
