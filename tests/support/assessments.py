"""Builders of valid patients, orders, assessments and results; each varies what a test is about."""

from dataclasses import replace
from datetime import UTC, date, datetime

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import (
    Acquisition,
    Assessment,
    Calibration,
    Contrast,
    HeightLoss,
    LevelCalibration,
    LevelMeasurement,
    Premises,
    Software,
)
from cds.bone.level_conversion import CONVERSIONS
from cds.ct.patient import PatientIdentity, PatientKey
from cds.ct.reason import Reason, because
from cds.order import ImagingOrder
from cds.ports import StoredResult

MEASURED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SCANNED_ON = date(2025, 9, 14)
GENERATION = "spine-net-1+tables-1"


def a_key(patient_id="PAT-0001", *, tenant="default", issuer: str | None = "HOSPITAL"):
    """A patient key."""
    return PatientKey(tenant, patient_id, issuer)


def a_patient(key: PatientKey | None = None, *, birth_date: date | None = date(1951, 4, 3), sex="female"):
    """A patient as the chart knows them."""
    return PatientIdentity(key or a_key(), birth_date, sex)


def an_order(patient: PatientIdentity | None = None, *, hook="order-sign", placed_at=MEASURED_AT):
    """An imaging order for a patient."""
    return ImagingOrder(patient or a_patient(), placed_at, hook)


def an_acquisition(**facts):
    """A chest CT of half a year ago."""
    usual = {
        "study_uid": "1.2.826.0.1.3680043.10.1.1",
        "series_uid": "1.2.826.0.1.3680043.10.1.1.2",
        "patient_id": "PAT-0001",
        "study_date": SCANNED_ON,
        "scan_age_days": 169,
        "kvp": 120.0,
        "kernel": "STANDARD",
        "slice_thickness_mm": 1.25,
        "manufacturer": "GE MEDICAL SYSTEMS",
        "model": "LightSpeed VCT",
    }
    return Acquisition(**(usual | facts))


def a_level(level: VertebralLevel = VertebralLevel.L1, **facts):
    """One vertebra that counts."""
    usual = {
        "hu": 98.1,
        "hu_sd": 35.0,
        "hu_sem": 1.2,
        "vbmd_mg_cm3": 72.3,
        "ci95_mg_cm3": (66.1, 78.5),
        "centre_lps_mm": (3.5, -12.25, 640.0),
        "roi_cm3": 5.2,
        "used": True,
    }
    return LevelMeasurement(level=level, **(usual | facts))


def a_height_loss(level: VertebralLevel = VertebralLevel.L1, percent=31.4):
    """A vertebra that has lost more than a quarter of its height."""
    return HeightLoss(level, percent)


def a_calibration(**facts):
    """A calibration from physics and the patient's own tissue."""
    usual = {
        "method": "slope-table+tissue-offset",
        "scanner": "unknown",
        "slope_hu_per_mg_cm3": 1.21,
        "slope_sd_fraction": 0.08,
        "offset_hu": 4.2,
        "offset_sd_hu": 3.1,
        "water_equivalent_diameter_cm": 27.4,
        "version": "tables-1",
    }
    return Calibration(**(usual | facts))


def an_assessment(**facts):
    """Assessed, in the osteoporosis range, from L1 and L2; T12 measured but not used."""
    usual = {
        "status": "assessed",
        "category": "osteoporosis-range",
        "probability_osteoporosis_range": 0.91,
        "vbmd_mg_cm3": 70.1,
        "ci95_mg_cm3": (64.9, 75.3),
        "interval_kind": "two-sided",
        "levels_used": (VertebralLevel.L1, VertebralLevel.L2),
        "z_score": -0.8,
        "population": "example-norms-2024",
        "levels": (
            a_level(
                VertebralLevel.T12,
                used=False,
                hu=104.0,
                vbmd_mg_cm3=78.9,
                ci95_mg_cm3=(72.0, 85.8),
                reasons=(because("level-not-needed"),),
            ),
            a_level(VertebralLevel.L1),
            a_level(VertebralLevel.L2, hu=92.0, vbmd_mg_cm3=67.9, ci95_mg_cm3=(61.0, 74.8), height_loss_percent=8.0),
        ),
        "numbering_confidence": 0.97,
        "flags": ("scanner-not-calibrated", "near-80"),
        "contrast": Contrast("none", 41.0),
        "acquisition": an_acquisition(),
        "calibration": a_calibration(),
        "patient_check": "matched",
        "timing_s": {"read": 0.4, "segment": 1.5, "calibrate": 0.1, "total": 2.0},
        "software": Software("0.1.0", "spine-net-1", "ab" * 32),
    }
    return Assessment(**(usual | facts))


def a_level_calibration(**facts):
    """What a record keeps of the calibration at one level."""
    usual = {
        "slope_hu_per_mg_cm3": 1.21,
        "slope_sd_fraction": 0.08,
        "offset_hu": 4.2,
        "offset_sd_hu": 3.1,
        "water_equivalent_diameter_cm": 27.4,
    }
    return LevelCalibration(**(usual | facts))


def a_correctable(values, *, left_out=None, used=(VertebralLevel.L1, VertebralLevel.L2), contrast="none", **facts):
    """With all that a correction takes; `values`: on the scale of L1-L2, by level; `left_out`: level to code."""
    calibration = a_level_calibration()
    reasons = {level: (Reason(code, "Left out."),) for level, code in (left_out or {}).items()}
    idle = (because("level-not-needed"),)
    levels = tuple(
        a_level(
            level,
            hu=round(value * CONVERSIONS[level].ratio * 1.21 + 4.2, 1) if level in CONVERSIONS else 100.0,
            vbmd_mg_cm3=round(value * CONVERSIONS[level].ratio, 1) if level in CONVERSIONS else 80.0,
            calibration=calibration,
            used=level in used,
            reasons=reasons.get(level, () if level in used else idle),
        )
        for level, value in values.items()
    )
    said = tuple(Reason(each.code, f"{level}: {each.text}") for level, found in reasons.items() for each in found)
    usual = {
        "levels": levels,
        "levels_used": used,
        "reasons": said,
        "contrast": Contrast(contrast, 41.0),
        "premises": Premises(age_years=74, sex="female", population="mesa-chinese-american"),
    }
    return an_assessment(**(usual | facts))


def a_contrast_assessment(**facts):
    """Enhanced scan: the value is an upper estimate."""
    usual = {
        "ci95_mg_cm3": (39.9, 75.3),
        "interval_kind": "upper-estimate",
        "flags": ("contrast-enhanced", "scanner-not-calibrated"),
        "contrast": Contrast("enhanced", 182.0),
    }
    return an_assessment(**(usual | facts))


def a_refusal(*reasons, **facts):
    """Not assessable, with its reasons."""
    usual = {
        "status": "not-assessable",
        "reasons": reasons or (because("slices-too-thick", thickness_mm=7.5, maximum_mm=5.0),),
        "category": None,
        "probability_osteoporosis_range": None,
        "vbmd_mg_cm3": None,
        "ci95_mg_cm3": None,
        "interval_kind": None,
        "levels_used": (),
        "z_score": None,
        "population": None,
        "levels": (),
        "numbering_confidence": None,
        "flags": (),
        "contrast": Contrast("unknown"),
        "calibration": None,
    }
    return an_assessment(**(usual | facts))


def a_result(
    patient: PatientIdentity | None = None,
    assessment: Assessment | None = None,
    *,
    result_id="7f1c1a52-0c63-5a0e-9f5c-6d2f6c1f0001",
    measured_at=MEASURED_AT,
    confirmed_at: datetime | None = None,
    generation=GENERATION,
):
    """A published result."""
    return StoredResult(
        result_id=result_id,
        patient=patient or a_patient(),
        assessment=assessment or an_assessment(),
        measured_at=measured_at,
        confirmed_at=confirmed_at or measured_at,
        generation=generation,
    )


def scanned_on(day: date | None, assessment: Assessment | None = None):
    """The same assessment of a CT of another day."""
    assessment = assessment or an_assessment()
    return replace(assessment, acquisition=replace(assessment.acquisition, study_date=day))
