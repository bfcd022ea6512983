"""The Observations: one for the patient, one for each vertebra.

No interpretation is given: the category is a component of its own, and never "normal" by code.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Acquisition, Assessment, Interval, LevelMeasurement
from cds.bone.words import is_estimate, levels_are_upper_estimates
from cds.ct.reason import Reason
from cds.ports import StoredResult
from cds.reporting import codes, terminology
from cds.reporting.codes import Json, concept, measurement, own, quantity
from cds.reporting.reading import reader, status_of
from cds.reporting.references import ResourceIds, reference
from cds.reporting.wording import corrections_said, notes, notes_of_level


class Observations:
    """Renders the Observations of one result."""

    def __init__(self, result: StoredResult, ids: ResourceIds, notice: str, *, snomed: bool) -> None:
        self._result = result
        self._assessment = result.assessment
        self._ids = ids
        self._notice = notice
        self._snomed = snomed

    def patient_level(self) -> Json:
        """The value that counts, or why there is none."""
        assessment = self._assessment
        used = [each for each in assessment.levels if each.used]
        return {
            **self._common("patient-vbmd", self._ids.assessment, notes(assessment, self._notice)),
            "code": _value_code("patient-vbmd", upper=assessment.interval_kind == "upper-estimate"),
            **self._identifier(self._result.result_id),
            **self._value(assessment.vbmd_mg_cm3, assessment.reasons),
            **self._method(),
            "bodySite": self._lumbar_spine(),
            "derivedFrom": [
                reference("ImagingStudy", self._ids.study),
                *(reference("Observation", self._ids.level(each.level)) for each in used),
            ],
            "component": [*_findings(assessment), *self._circumstances(), *_reasons(assessment.reasons)],
        }

    def of_level(self, level: LevelMeasurement) -> Json:
        """One vertebra: HU and vBMD, whether it counts or not."""
        return {
            **self._common(
                "vertebral-vbmd", self._ids.level(level.level), notes_of_level(self._assessment, self._notice)
            ),
            "code": _value_code("level-vbmd", upper=levels_are_upper_estimates(self._assessment)),
            **self._identifier(f"{self._result.result_id}/{level.level.value}"),
            **self._value(level.vbmd_mg_cm3, ()),
            **self._method(),
            "bodySite": self._vertebra(level.level),
            "derivedFrom": [reference("ImagingStudy", self._ids.study)],
            "component": _of_level(level, self._assessment),
        }

    def _circumstances(self) -> Iterable[Json]:
        """How it was scanned, calibrated and measured, and what limits the value."""
        assessment = self._assessment
        yield from _calibrated(assessment)
        yield from _scanned(assessment.acquisition)
        yield {"code": measurement("model-version"), "valueString": self._result.generation}
        unverified = ("identity-unverified",) if assessment.patient_check == "unverified" else ()
        for flag in dict.fromkeys((*assessment.flags, *unverified)):
            yield _coded("quality-flag", terminology.FLAG, flag)

    def _common(self, profile: str, resource_id: str, said: Iterable[str]) -> Json:
        return {
            "resourceType": "Observation",
            "id": resource_id,
            "meta": {"profile": [codes.profile(profile)], "security": [codes.AI_ASSERTED]},
            "status": status_of(self._result),
            "category": [codes.IMAGING],
            "subject": reference("Patient", self._ids.patient),
            **effective(self._assessment.acquisition),
            "issued": instant(self._result.measured_at),
            **reader("performer", self._result.review),
            "note": [*_corrections(self._result), *({"text": text} for text in said)],
            "device": reference("Device", self._ids.device),
        }

    def _identifier(self, value: str) -> Json:
        """What a server that never saw our ids can recognise a repeat by."""
        return {"identifier": [{"system": codes.RESULT_ID, "value": value}]}

    def _value(self, vbmd_mg_cm3: float | None, reasons: tuple[Reason, ...]) -> Json:
        if vbmd_mg_cm3 is not None:
            return {"valueQuantity": quantity(vbmd_mg_cm3, codes.MG_PER_CM3)}
        text = " ".join(reason.text for reason in reasons)
        return {"dataAbsentReason": concept(codes.NOT_PERFORMED, own(terminology.REASON, reasons[0].code), text=text)}

    def _method(self) -> Json:
        calibration = self._assessment.calibration
        if calibration is None:
            return {}
        return {"method": concept(own(terminology.METHOD, terminology.PHANTOMLESS), text=calibration.method)}

    def _vertebra(self, level: VertebralLevel) -> Json:
        known = codes.SNOMED_VERTEBRAE.get(level) if self._snomed else None
        snomed = [{"system": codes.SNOMED, "code": known}] if known else []
        return concept(own(terminology.LEVEL, level.value), *snomed, text=level.value)

    def _lumbar_spine(self) -> Json:
        """Where the value holds, whichever vertebrae it was measured in."""
        snomed = [{"system": codes.SNOMED, "code": codes.SNOMED_LUMBAR_SPINE}] if self._snomed else []
        return concept(own(terminology.LEVEL, terminology.LUMBAR_SPINE), *snomed, text="L1-L2")


def _corrections(result: StoredResult) -> Iterable[Json]:
    """Notes with an author: whoever gets no names gets none of these."""
    for correction, text in corrections_said(result):
        yield {"authorString": correction.reader_shown, "time": instant(correction.at), "text": text}


def effective(acquisition: Acquisition) -> Json:
    """The day of the scan; where it is unknown, said so rather than left out."""
    if acquisition.study_date is None:
        return {"_effectiveDateTime": codes.absent("unknown")}
    return {"effectiveDateTime": acquisition.study_date.isoformat()}


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value_code(code: str, *, upper: bool) -> Json:
    """Whoever shows only name and value still shows that it is an upper estimate."""
    return measurement(code, f"{_display(code)}, upper estimate" if upper else None)


def _findings(assessment: Assessment) -> Iterable[Json]:
    """What was found, beside the value itself."""
    yield from _interval(assessment.ci95_mg_cm3)
    if assessment.interval_kind:
        yield _coded("interval-kind", terminology.INTERVAL_KIND, assessment.interval_kind)
    if assessment.category:
        yield _coded("category", terminology.CATEGORY, assessment.category)
    if assessment.probability_osteoporosis_range is not None:
        yield _measured("probability-osteoporosis-range", assessment.probability_osteoporosis_range, codes.FRACTION, 3)
    if assessment.z_score is not None and assessment.population:
        yield _measured("z-score", assessment.z_score, codes.Z_SCORE, 2)
        yield {"code": measurement("population"), "valueString": assessment.population}
    if is_estimate(assessment):
        yield from (_coded("estimated-from", terminology.LEVEL, level.value) for level in assessment.levels_used)
    for loss in assessment.height_losses:
        text = f"{_display('height-loss')}, {loss.level.value}"
        yield {"code": measurement("height-loss", text), "valueQuantity": quantity(loss.percent, codes.PERCENT)}


def _calibrated(assessment: Assessment) -> Iterable[Json]:
    """What HU were made into density with: belongs to every value."""
    yield _coded("contrast", terminology.CONTRAST, assessment.contrast.state)
    if assessment.calibration is not None:
        yield _coded("phantom-basis", terminology.BASIS, assessment.basis)
        yield _coded("scanner-calibration", terminology.SCANNER, assessment.calibration.scanner)


def _scanned(acquisition: Acquisition) -> Iterable[Json]:
    """Tube voltage, slices and scanner, where the images tell."""
    if acquisition.kvp is not None:
        yield _measured("kvp", acquisition.kvp, codes.KILOVOLT)
    if acquisition.slice_thickness_mm is not None:
        yield _measured("slice-thickness", acquisition.slice_thickness_mm, codes.MILLIMETRE, 3)
    scanner = " ".join(each.strip() for each in (acquisition.manufacturer, acquisition.model) if each and each.strip())
    if scanner:
        yield {"code": measurement("scanner-model"), "valueString": scanner}


def _of_level(level: LevelMeasurement, assessment: Assessment) -> list[Json]:
    low_high = _interval(level.ci95_mg_cm3)
    kind = "upper-estimate" if levels_are_upper_estimates(assessment) else "two-sided"
    return [
        _measured("hu", level.hu, codes.HOUNSFIELD),
        _measured("hu-sd", level.hu_sd, codes.HOUNSFIELD),
        *low_high,
        _coded("interval-kind", terminology.INTERVAL_KIND, kind),
        _measured("roi-volume", level.roi_cm3, codes.CM3, 2),
        {"code": measurement("used"), "valueBoolean": level.used},
        *(
            [_measured("height-loss", level.height_loss_percent, codes.PERCENT)]
            if level.height_loss_percent is not None
            else []
        ),
        *_calibrated(assessment),
        *(_coded("quality-flag", terminology.FLAG, flag) for flag in level.flags),
        *_reasons(level.reasons),
    ]


def _interval(interval: Interval | None) -> list[Json]:
    if interval is None:
        return []
    low, high = interval
    return [_measured("ci95-low", low, codes.MG_PER_CM3), _measured("ci95-high", high, codes.MG_PER_CM3)]


def _reasons(reasons: tuple[Reason, ...]) -> list[Json]:
    return [
        {
            "code": measurement("reason"),
            "valueCodeableConcept": concept(own(terminology.REASON, each.code), text=each.text),
        }
        for each in reasons
    ]


def _display(code: str) -> str:
    return terminology.display_of(terminology.MEASUREMENT, code)


def _coded(what: str, system: str, code: str) -> Json:
    return {"code": measurement(what), "valueCodeableConcept": concept(own(system, code))}


def _measured(what: str, value: float, unit: tuple[str, str], decimals: int = 1) -> Json:
    return {"code": measurement(what), "valueQuantity": quantity(value, unit, decimals)}
