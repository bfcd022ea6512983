"""One patient's measured CTs in order of time, and which differences between them may be called a change.

A change is called only beyond 2.77 times the combined standard error of both values. 2.77 is the
1.96 x sqrt(2) of the least significant change (ISCD); with both errors combined in quadrature the
bar is higher than 95 %, on purpose: errors that scanners share, and looking at several pairs, are
not in the intervals.

No pair is compared across scanners unless both are calibrated, nor with contrast, which only raises
a reading, nor with a thoracic estimate, nor between weights of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import hypot
from typing import Final, Literal

from cds.bone.assessment import Acquisition, Assessment

LEAST_SIGNIFICANT_FACTOR: Final = 2.77
_CI95_IN_SD: Final = 2 * 1.96

Obstacle = Literal["no-value", "no-date", "contrast", "thoracic-estimate", "scanner", "software"]
"""Why two CTs cannot be compared; the first that holds."""
Verdict = Literal["higher", "lower", "no-change-shown"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A later CT beside an earlier one."""

    earlier: Assessment
    later: Assessment
    obstacle: Obstacle | None
    difference_mg_cm3: float | None = None
    """Later minus earlier; None where they cannot be compared."""
    needed_mg_cm3: float | None = None
    """The smallest difference that would be called a change."""

    @property
    def verdict(self) -> Verdict | None:
        """None where they cannot be compared."""
        if self.difference_mg_cm3 is None or self.needed_mg_cm3 is None:
            return None
        if abs(self.difference_mg_cm3) <= self.needed_mg_cm3:
            return "no-change-shown"
        return "higher" if self.difference_mg_cm3 > 0 else "lower"


def compare(earlier: Assessment, later: Assessment) -> Comparison:
    """Whether the difference between two CTs of one patient is a change."""
    obstacle = _obstacle(earlier, later)
    values = earlier.vbmd_mg_cm3, later.vbmd_mg_cm3
    if obstacle is not None or values[0] is None or values[1] is None:
        return Comparison(earlier, later, obstacle or "no-value")
    needed = LEAST_SIGNIFICANT_FACTOR * hypot(standard_error(earlier), standard_error(later))
    return Comparison(earlier, later, None, values[1] - values[0], needed)


def standard_error(assessment: Assessment) -> float:
    """Of the value, from its two-sided interval; raises ValueError where there is none."""
    if assessment.ci95_mg_cm3 is None:
        raise ValueError("no interval, no standard error")
    low, high = assessment.ci95_mg_cm3
    return (high - low) / _CI95_IN_SD


def in_order(assessments: Sequence[Assessment]) -> tuple[Assessment, ...]:
    """Those with a value and a date, the oldest scan first."""
    dated = [each for each in assessments if each.vbmd_mg_cm3 is not None and each.acquisition.study_date is not None]
    return tuple(sorted(dated, key=_day))


def is_thoracic_estimate(assessment: Assessment) -> bool:
    """Whether the value was converted from T7 to T11."""
    return "thoracic-estimate" in assessment.flags


def is_calibrated(assessment: Assessment) -> bool:
    """Whether the scanner is, by phantom or by its documented filtration."""
    return assessment.calibration is not None and assessment.calibration.scanner != "unknown"


def same_scanner(one: Acquisition, other: Acquisition) -> bool:
    """Whether both are proven to come from one machine at one tube voltage; a model alone proves nothing."""
    if (one.manufacturer, one.model, one.kvp) != (other.manufacturer, other.model, other.kvp):
        return False
    if one.device_serial_number and other.device_serial_number:
        return one.device_serial_number == other.device_serial_number
    return bool(one.station_name) and one.station_name == other.station_name


def _obstacle(earlier: Assessment, later: Assessment) -> Obstacle | None:
    both = (earlier, later)
    calibrated = all(map(is_calibrated, both))
    found: dict[Obstacle, bool] = {
        "no-value": any(each.vbmd_mg_cm3 is None or each.ci95_mg_cm3 is None for each in both),
        "no-date": any(each.acquisition.study_date is None for each in both),
        "contrast": any(each.contrast.state != "none" for each in both),
        "thoracic-estimate": any(map(is_thoracic_estimate, both)),
        "scanner": not calibrated and not same_scanner(earlier.acquisition, later.acquisition),
        "software": earlier.software.weights_sha256 != later.software.weights_sha256,
    }
    return next((obstacle for obstacle, holds in found.items() if holds), None)


def _day(assessment: Assessment) -> date:
    return assessment.acquisition.study_date or date.min
