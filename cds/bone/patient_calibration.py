"""The calibrator of one patient: the port, with what the patient's tissues read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cds.bone.assessment import Calibration
from cds.bone.tissue_sample import TissueSample
from cds.ct.acquisition import CtSeries


class TissueCalibrator(Protocol):
    """What is needed of the port `HuCalibrator`."""

    def calibrate(
        self,
        series: CtSeries,
        water_equivalent_diameter_cm: float,
        *,
        thoracic: bool,
        samples: Sequence[TissueSample] = (),
    ) -> Calibration:
        """Slope and offset at one level."""


@dataclass(frozen=True, slots=True)
class PatientCalibrator:
    """Gives every level the same samples: offset and beam are those of the scan."""

    calibrator: TissueCalibrator
    samples: tuple[TissueSample, ...]

    def calibrate(self, series: CtSeries, water_equivalent_diameter_cm: float, *, thoracic: bool) -> Calibration:
        """Slope and offset at one level."""
        return self.calibrator.calibrate(series, water_equivalent_diameter_cm, thoracic=thoracic, samples=self.samples)
