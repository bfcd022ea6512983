"""The assessment as the JSON record of the product, and back.

Keys are never renamed or removed; `schema_version` says which set they are. Numbers are rounded
here to what they can mean, hence `from_record(to_record(a))` equals `a` once rounded, and
`to_record(from_record(r))` equals `r` always. Unknown keys are ignored on reading.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from typing import Any, Final

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import (
    Acquisition,
    Assessment,
    Calibration,
    Contrast,
    HeightLoss,
    Interval,
    LevelCalibration,
    LevelMeasurement,
    PassedOver,
    Premises,
    Software,
    TissueEvidence,
    TissueLine,
)
from cds.ct.reason import Reason

SCHEMA_VERSION: Final = 1

Record = dict[str, Any]
"""What `json.dumps` takes and `json.loads` gives."""


class RecordUnreadableError(ValueError):
    """The record is of a schema that this version does not know."""


def to_record(assessment: Assessment) -> Record:
    """Write an assessment; plain strings, numbers, lists and dictionaries only."""
    a = assessment
    return {
        "schema_version": SCHEMA_VERSION,
        "status": a.status,
        "reasons": _reasons(a.reasons),
        "category": a.category,
        "probability_osteoporosis_range": _round(a.probability_osteoporosis_range, 3),
        "vbmd_mg_cm3": _round(a.vbmd_mg_cm3, 1),
        "ci95_mg_cm3": _numbers(a.ci95_mg_cm3, 1),
        "interval_kind": a.interval_kind,
        "basis": a.basis,
        "levels_used": [level.value for level in a.levels_used],
        "z_score": _round(a.z_score, 2),
        "population": a.population,
        "levels": [_level(level) for level in a.levels],
        "height_losses": [
            {"level": each.level.value, "percent": _round(each.percent, 1), "grade": each.grade}
            for each in a.height_losses
        ],
        "numbering_confidence": _round(a.numbering_confidence, 3),
        "flags": list(a.flags),
        "contrast": {"state": a.contrast.state, "aorta_hu": _round(a.contrast.aorta_hu, 1)},
        "acquisition": _acquisition(a.acquisition),
        "calibration": None if a.calibration is None else _calibration(a.calibration),
        "premises": None if a.premises is None else _premises(a.premises),
        "patient_check": a.patient_check,
        "passed_over": [_passed_over(each) for each in a.passed_over],
        "not_tried": [_passed_over(each) for each in a.not_tried],
        "timing_s": {name: _round(seconds, 3) for name, seconds in a.timing_s.items()},
        "software": {
            "version": a.software.version,
            "model": a.software.model,
            "weights_sha256": a.software.weights_sha256,
        },
    }


def _passed_over(passed_over: PassedOver) -> Record:
    return {
        "series_uid": passed_over.series_uid,
        "reasons": _reasons(passed_over.reasons),
        "study_date": _iso(passed_over.study_date),
    }


def _level(level: LevelMeasurement) -> Record:
    return {
        "level": level.level.value,
        "hu": _round(level.hu, 1),
        "hu_sd": _round(level.hu_sd, 1),
        "hu_sem": _round(level.hu_sem, 2),
        "vbmd_mg_cm3": _round(level.vbmd_mg_cm3, 1),
        "ci95_mg_cm3": _numbers(level.ci95_mg_cm3, 1),
        "centre_lps_mm": _numbers(level.centre_lps_mm, 2),
        "roi_cm3": _round(level.roi_cm3, 2),
        "used": level.used,
        "height_loss_percent": _round(level.height_loss_percent, 1),
        "flags": list(level.flags),
        "reasons": _reasons(level.reasons),
        "calibration": None if level.calibration is None else _of_level(level.calibration),
    }


def _of_level(calibration: LevelCalibration | Calibration) -> Record:
    return {
        "slope_hu_per_mg_cm3": _round(calibration.slope_hu_per_mg_cm3, 4),
        "slope_sd_fraction": _round(calibration.slope_sd_fraction, 4),
        "offset_hu": _round(calibration.offset_hu, 2),
        "offset_sd_hu": _round(calibration.offset_sd_hu, 2),
        "water_equivalent_diameter_cm": _round(calibration.water_equivalent_diameter_cm, 1),
        "slope_offset_correlation": _round(calibration.slope_offset_correlation, 4),
    }


def _premises(premises: Premises) -> Record:
    return {
        "age_years": premises.age_years,
        "sex": premises.sex,
        "population": premises.population,
        "scan_flags": list(premises.scan_flags),
        "disputed_names": [level.value for level in premises.disputed_names],
    }


def _acquisition(acquisition: Acquisition) -> Record:
    return {
        "study_uid": acquisition.study_uid,
        "series_uid": acquisition.series_uid,
        "patient_id": acquisition.patient_id,
        "study_date": _iso(acquisition.study_date),
        "scan_age_days": acquisition.scan_age_days,
        "kvp": acquisition.kvp,
        "kernel": acquisition.kernel,
        "slice_thickness_mm": acquisition.slice_thickness_mm,
        "manufacturer": acquisition.manufacturer,
        "model": acquisition.model,
        "station_name": acquisition.station_name,
        "device_serial_number": acquisition.device_serial_number,
        "patient_birth_date": _iso(acquisition.patient_birth_date),
        "patient_sex": acquisition.patient_sex,
    }


def _calibration(calibration: Calibration) -> Record:
    return {
        "method": calibration.method,
        "scanner": calibration.scanner,
        **_of_level(calibration),
        "version": calibration.version,
        "source": calibration.source,
        "hardness": _round(calibration.hardness, 3),
        "hardness_sd": _round(calibration.hardness_sd, 3),
        "apparent_hardness": _round(calibration.apparent_hardness, 2),
        "tissues": [_tissue(each) for each in calibration.tissues],
        "lines": [
            {
                "tissues": each.tissues,
                "slope_hu_per_mg_cm3": _round(each.slope_hu_per_mg_cm3, 4),
                "offset_hu": _round(each.offset_hu, 2),
            }
            for each in calibration.lines
        ],
    }


def _tissue(evidence: TissueEvidence) -> Record:
    return {
        "tissue": evidence.tissue,
        "hu": _round(evidence.hu, 1),
        "sem_hu": _round(evidence.sem_hu, 2),
        "expected_hu": _round(evidence.expected_hu, 1),
        "hu_at_120_kvp": _round(evidence.hu_at_120_kvp, 1),
        "used": evidence.used,
    }


def _reasons(reasons: Iterable[Reason]) -> list[Record]:
    return [{"code": reason.code, "text": reason.text} for reason in reasons]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _round(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits) + 0.0


def _numbers(values: Iterable[float] | None, digits: int) -> list[float | None] | None:
    return None if values is None else [_round(value, digits) for value in values]


def from_record(record: Mapping[str, Any]) -> Assessment:
    """Read an assessment; raises `RecordUnreadableError` for another schema version."""
    if record.get("schema_version") != SCHEMA_VERSION:
        raise RecordUnreadableError(f"schema_version {record.get('schema_version')!r} is not {SCHEMA_VERSION}")
    return Assessment(
        status=record["status"],
        reasons=_read_reasons(record["reasons"]),
        category=record["category"],
        probability_osteoporosis_range=record["probability_osteoporosis_range"],
        vbmd_mg_cm3=record["vbmd_mg_cm3"],
        ci95_mg_cm3=_read_interval(record["ci95_mg_cm3"]),
        interval_kind=record["interval_kind"],
        basis=record["basis"],
        levels_used=tuple(VertebralLevel(name) for name in record["levels_used"]),
        z_score=record["z_score"],
        population=record["population"],
        levels=tuple(_read_level(level) for level in record["levels"]),
        height_losses=tuple(
            HeightLoss(VertebralLevel(each["level"]), each["percent"]) for each in record.get("height_losses", ())
        ),
        numbering_confidence=record["numbering_confidence"],
        flags=tuple(record["flags"]),
        contrast=Contrast(record["contrast"]["state"], record["contrast"]["aorta_hu"]),
        acquisition=_read_acquisition(record["acquisition"]),
        calibration=None if record["calibration"] is None else _read_calibration(record["calibration"]),
        premises=None if record.get("premises") is None else _read_premises(record["premises"]),
        patient_check=record["patient_check"],
        passed_over=tuple(_read_passed_over(each) for each in record.get("passed_over", ())),
        not_tried=tuple(_read_passed_over(each) for each in record.get("not_tried", ())),
        timing_s=dict(record["timing_s"]),
        software=Software(**_known(Software, record["software"])),
    )


def _read_passed_over(record: Mapping[str, Any]) -> PassedOver:
    return PassedOver(record["series_uid"], _read_reasons(record["reasons"]), _read_day(record.get("study_date")))


def _read_level(record: Mapping[str, Any]) -> LevelMeasurement:
    x, y, z = record["centre_lps_mm"]
    low, high = record["ci95_mg_cm3"]
    facts = _known(LevelMeasurement, record) | {
        "level": VertebralLevel(record["level"]),
        "ci95_mg_cm3": (low, high),
        "centre_lps_mm": (x, y, z),
        "flags": tuple(record["flags"]),
        "reasons": _read_reasons(record["reasons"]),
        "calibration": _read_level_calibration(record.get("calibration")),
    }
    return LevelMeasurement(**facts)


def _read_level_calibration(record: Mapping[str, Any] | None) -> LevelCalibration | None:
    return None if record is None else LevelCalibration(**_known(LevelCalibration, record))


def _read_premises(record: Mapping[str, Any]) -> Premises:
    facts = _known(Premises, record) | {
        "scan_flags": tuple(record["scan_flags"]),
        "disputed_names": tuple(VertebralLevel(name) for name in record["disputed_names"]),
    }
    return Premises(**facts)


def _read_calibration(record: Mapping[str, Any]) -> Calibration:
    facts = _known(Calibration, record) | {
        "tissues": tuple(TissueEvidence(**_known(TissueEvidence, each)) for each in record.get("tissues", ())),
        "lines": tuple(TissueLine(**_known(TissueLine, each)) for each in record.get("lines", ())),
    }
    return Calibration(**facts)


def _read_acquisition(record: Mapping[str, Any]) -> Acquisition:
    days = {name: _read_day(record.get(name)) for name in ("study_date", "patient_birth_date")}
    return Acquisition(**_known(Acquisition, record) | days)


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _read_interval(bounds: list[float] | None) -> Interval | None:
    return None if bounds is None else (bounds[0], bounds[1])


def _read_reasons(records: Iterable[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(each["code"], each["text"]) for each in records)


def _known(kind: type, record: Mapping[str, Any]) -> Record:
    """The record's values for the fields of a dataclass; whatever else it holds is left out."""
    return {each.name: record[each.name] for each in fields(kind) if each.name in record}
