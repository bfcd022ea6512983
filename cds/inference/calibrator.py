"""The calibrator behind the port `HuCalibrator`: slope from physics, offset and beam from the patient's tissues."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt

from cds.bone.assessment import Calibration, TissueEvidence, TissueLine
from cds.bone.gates import GATES
from cds.bone.patient_size import water_path_cm
from cds.bone.tissue_sample import TissueSample
from cds.ct.acquisition import CtSeries
from models.hu_calibration.scanner_estimate import (
    SlopeEstimate,
    TissueReading,
    apparent_hardness,
    estimate_scanner,
    estimate_slope,
)
from models.hu_calibration.scanner_prior import UNKNOWN_SCANNER, ScannerPrior
from models.hu_calibration.slope_table import SlopeTable
from models.hu_calibration.tissue_expectation import expected_hu, hu_at_120_kvp
from models.hu_calibration.tissue_line import AIR_HU, TissuePoint, line_through

COMPARED_LINES = (("air", "blood"), ("fat", "muscle"))


def unknown_scanner(_: CtSeries) -> ScannerPrior:
    """Nothing is known of any scanner."""
    return UNKNOWN_SCANNER


class PhysicsCalibrator:
    """Slope by kVp and patient size; what is known of the scanner comes from `scanner_prior`.

    `version` changes whenever a calibration could change: method, numbers, and what is on file about
    the site's scanners, which `on_file` stands for.
    """

    def __init__(
        self,
        table: SlopeTable | None = None,
        scanner_prior: Callable[[CtSeries], ScannerPrior] = unknown_scanner,
        on_file: str | None = None,
    ) -> None:
        self._table = table or SlopeTable.load()
        self._scanner_prior = scanner_prior
        self.version = f"physics-2+{self._table.sha256[:12]}" + (f"+site-{on_file}" if on_file else "")

    def calibrate(
        self,
        series: CtSeries,
        water_equivalent_diameter_cm: float,
        *,
        thoracic: bool,
        samples: Sequence[TissueSample] = (),
    ) -> Calibration:
        """Slope and offset at one level, K2HPO4 basis.

        Raises ValueError where kVp is missing or the table has no such voltage or size: the
        quality gates refuse these before.
        """
        if series.kvp is None:
            raise ValueError("the series has no kVp")
        kvp, prior = series.kvp, self._scanner_prior(series)
        samples = [self._within_table(sample) for sample in samples]
        tissues = tuple(self._evidence(sample, kvp) for sample in samples)
        by_tissue = {reading.tissue: reading for reading in map(_reading, samples) if reading is not None}
        readings = [by_tissue[each.tissue] for each in tissues if each.used and each.tissue != "air"]
        scanner = estimate_scanner(self._table, kvp, prior, readings)
        path_cm = water_path_cm(water_equivalent_diameter_cm, thoracic=thoracic)
        slope = estimate_slope(self._table, kvp, path_cm, prior, scanner)
        fat = by_tissue.get("fat")
        return Calibration(
            method=_method(readings),
            scanner=prior.kind,
            slope_hu_per_mg_cm3=slope.hu_per_mg_cm3,
            slope_sd_fraction=sqrt(slope.variance) / slope.hu_per_mg_cm3,
            offset_hu=scanner.offset_hu,
            offset_sd_hu=sqrt(scanner.offset_variance),
            water_equivalent_diameter_cm=water_equivalent_diameter_cm,
            version=self.version,
            source=prior.source,
            slope_offset_correlation=_correlation(slope, scanner.offset_variance),
            hardness=scanner.hardness,
            hardness_sd=sqrt(scanner.hardness_variance),
            apparent_hardness=None if fat is None else apparent_hardness(self._table, kvp, fat),
            tissues=tissues,
            lines=_lines(tissues, slope.hu_per_mg_cm3),
        )

    def _within_table(self, sample: TissueSample) -> TissueSample:
        """The nearest tabulated water path: beyond it, blood and muscle change by less than 1 HU."""
        shortest, longest = self._table.water_path_cm[0], self._table.water_path_cm[-1]
        return replace(sample, water_path_cm=min(max(sample.water_path_cm, shortest), longest))

    def _evidence(self, sample: TissueSample, kvp: float) -> TissueEvidence:
        """Air tells nothing of water or spectrum, so it enters no estimate; nor does what no such tissue reads."""
        if sample.tissue == "air":
            expected, comparable, used = AIR_HU, sample.hu, False
        else:
            expected = expected_hu(self._table, sample.tissue, kvp, sample.water_path_cm)
            comparable = hu_at_120_kvp(self._table, sample.tissue, sample.hu, kvp, sample.water_path_cm)
            used = not GATES[sample.tissue].flags(comparable)
        return TissueEvidence(
            tissue=sample.tissue,
            hu=sample.hu,
            sem_hu=sample.sem_hu,
            expected_hu=expected,
            hu_at_120_kvp=comparable,
            used=used,
        )


def _reading(sample: TissueSample) -> TissueReading | None:
    """None for air, which says nothing about water."""
    if sample.tissue == "air":
        return None
    return TissueReading(sample.tissue, sample.hu, sample.sem_hu, sample.water_path_cm)


def _method(readings: Sequence[TissueReading]) -> str:
    used = ", ".join(reading.tissue for reading in readings)
    return "physics slope by kVp and size" + (f"; offset from {used}" if used else "")


def _correlation(slope: SlopeEstimate, offset_variance: float) -> float:
    spread = sqrt(slope.variance * offset_variance)
    return slope.offset_covariance / spread if spread else 0.0


def _lines(tissues: Sequence[TissueEvidence], slope_hu_per_mg_cm3: float) -> tuple[TissueLine, ...]:
    """The calibrations to compare with, through air and those tissues that read what they can."""
    points = {
        each.tissue: TissuePoint(each.hu, each.expected_hu) for each in tissues if each.used or each.tissue == "air"
    }
    lines = []
    for one, other in COMPARED_LINES:
        if one in points and other in points:
            line = line_through(points[one], points[other], slope_hu_per_mg_cm3)
            if line is not None:
                lines.append(TissueLine(tissues=f"{one}+{other}", slope_hu_per_mg_cm3=line[0], offset_hu=line[1]))
    return tuple(lines)
