"""The groups of the structured report: what was measured where (PS3.16 TID 1411), and the patient's value (TID 1501).

One group for each trabecular region, one for each body whose height is known, one for the patient.
"""

from collections.abc import Iterable, Iterator

from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from pydicom.sr.coding import Code
from pydicom.uid import SegmentationStorage

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Interval, LevelMeasurement
from cds.bone.regions import MeasuredRegions, Region
from cds.bone.words import is_estimate, levels_are_upper_estimates
from cds.ct.reason import Reason
from cds.dicomweb.results import codes
from cds.dicomweb.results.codes import own
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.segmentation import segment_number, tracking_id
from cds.dicomweb.results.source import SourceImages

Group = MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations

CI95_LOW = own("ci95-low", "95 % interval, lower end")
CI95_HIGH = own("ci95-high", "95 % interval, upper end")
LEVEL_VBMD = own("level-vbmd", "Trabecular vBMD of one vertebra by CT")
PATIENT_VBMD = own("patient-vbmd", "Trabecular vBMD of the spine by CT")
PROBABILITY = own("probability-osteoporosis-range", "Probability that a reference QCT would read below 80")
HEIGHT_LOSS = own("height-loss", "Loss of vertebral height")
PHANTOMLESS = own("phantomless-hu-calibration")


class MeasurementGroups:
    """Iterates over the groups of one result: the patient's, then each region's, in the order of the segments."""

    def __init__(self, result: ReportedResult, regions: MeasuredRegions, source: SourceImages) -> None:
        self._result = result
        self._assessment = result.rounded
        self._regions = regions
        self._series_uid = source.header.SeriesInstanceUID

    def __iter__(self) -> Iterator[Group]:
        """Every group."""
        yield self._patient()
        levels = {each.level: each for each in self._assessment.levels}
        losses = self._height_losses()
        for region in self._regions.regions:
            if region.kind == "trabecular-roi" and region.level in levels:
                yield self._trabecular(region, levels[region.level])
            elif region.kind == "vertebral-body" and region.level in losses:
                yield self._body(region, losses[region.level])

    def _patient(self) -> Group:
        assessment = self._assessment
        return MeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(self._result.uids.tracked(None), "patient vBMD"),
            algorithm_id=self._algorithm(),
            finding_sites=[FindingSite(codes.LUMBAR_SPINE)],
            measurements=list(self._patient_numbers()),
            qualitative_evaluations=[
                *([_said("category", assessment.category)] if assessment.category else []),
                _said("interval-kind", assessment.interval_kind or "two-sided"),
                _said("contrast", f"contrast-{assessment.contrast.state}"),
                _said("phantom-basis", assessment.basis),
                *(
                    [_said("scanner-calibration", assessment.calibration.scanner)]
                    if assessment.calibration is not None
                    else []
                ),
                *([_said("population", assessment.population)] if assessment.population else []),
                *(
                    [_said("estimated-from", level.value) for level in assessment.levels_used]
                    if is_estimate(assessment)
                    else []
                ),
                *(_said("quality-flag", flag) for flag in assessment.flags),
            ],
        )

    def _patient_numbers(self) -> Iterator[Measurement]:
        assessment = self._assessment
        if assessment.vbmd_mg_cm3 is not None:
            yield _vbmd(PATIENT_VBMD, assessment.vbmd_mg_cm3)
        yield from _interval(assessment.ci95_mg_cm3)
        if assessment.probability_osteoporosis_range is not None:
            yield Measurement(PROBABILITY, assessment.probability_osteoporosis_range, codes.FRACTION)
        if assessment.z_score is not None:
            yield Measurement(codes.Z_SCORE, assessment.z_score, codes.Z_SCORE_UNIT)

    def _trabecular(self, region: Region, level: LevelMeasurement) -> Group:
        kind = "upper-estimate" if levels_are_upper_estimates(self._assessment) else "two-sided"
        measurements = [
            Measurement(codes.MEAN_HU, level.hu, codes.HOUNSFIELD),
            Measurement(codes.SD_HU, level.hu_sd, codes.HOUNSFIELD),
            _vbmd(LEVEL_VBMD, level.vbmd_mg_cm3),
            *_interval(level.ci95_mg_cm3),
            Measurement(codes.VOLUME, level.roi_cm3, codes.CM3),
        ]
        evaluations = [
            QualitativeEvaluation(own("used", "Counts for the patient's value"), codes.YES if level.used else codes.NO),
            _said("interval-kind", kind),
            *_reasons(level.reasons),
            *(_said("quality-flag", flag) for flag in level.flags),
        ]
        return self._group(region, own("trabecular-roi"), measurements, evaluations)

    def _body(self, region: Region, percent: float) -> Group:
        loss = Measurement(HEIGHT_LOSS, percent, codes.PERCENT)
        return self._group(region, codes.VERTEBRA[region.level], [loss], [])

    def _group(
        self,
        region: Region,
        finding: Code | CodedConcept,
        measurements: list[Measurement],
        evaluations: list[QualitativeEvaluation],
    ) -> Group:
        return VolumetricROIMeasurementsAndQualitativeEvaluations(
            tracking_identifier=TrackingIdentifier(
                self._result.uids.tracked(region.kind, region.level), tracking_id(region)
            ),
            referenced_segment=ReferencedSegment(
                sop_class_uid=SegmentationStorage,
                sop_instance_uid=self._result.uids.segmentation,
                segment_number=segment_number(self._regions, region),
                source_series=SourceSeriesForSegmentation(self._series_uid),
            ),
            finding_type=finding,
            finding_sites=[FindingSite(codes.VERTEBRA[region.level])],
            algorithm_id=self._algorithm(),
            measurements=measurements,
            qualitative_evaluations=evaluations,
        )

    def _height_losses(self) -> dict[VertebralLevel, float]:
        """Of measured levels, and of those that could not be measured but have lost height."""
        measured = {
            each.level: each.height_loss_percent
            for each in self._assessment.levels
            if each.height_loss_percent is not None
        }
        return measured | {each.level: each.percent for each in self._assessment.height_losses}

    def _algorithm(self) -> AlgorithmIdentification:
        software, calibration = self._assessment.software, self._assessment.calibration
        method = [f"calibration={calibration.method}", f"tables={calibration.version}"] if calibration else []
        return AlgorithmIdentification(
            name=software.model,
            version=software.version,
            parameters=[f"weights_sha256={software.weights_sha256}", *method],
        )


def _vbmd(name: CodedConcept, vbmd_mg_cm3: float) -> Measurement:
    return Measurement(name, vbmd_mg_cm3, codes.MG_PER_CM3, method=PHANTOMLESS)


def _interval(interval: Interval | None) -> Iterator[Measurement]:
    if interval is not None:
        yield Measurement(CI95_LOW, interval[0], codes.MG_PER_CM3)
        yield Measurement(CI95_HIGH, interval[1], codes.MG_PER_CM3)


def _reasons(reasons: Iterable[Reason]) -> Iterator[QualitativeEvaluation]:
    for reason in reasons:
        yield QualitativeEvaluation(own("reason", "Why it was not used"), own(reason.code))


def _said(what: str, code: str) -> QualitativeEvaluation:
    return QualitativeEvaluation(own(what), own(code))
