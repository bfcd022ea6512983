"""Simulated patients whose report pages are read: three CTs over six years, contrast, a fracture, not assessable."""

from dataclasses import replace
from datetime import UTC, date, datetime

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Contrast
from cds.ct.reason import because
from tests.support.assessments import (
    a_calibration,
    a_contrast_assessment,
    a_height_loss,
    a_level,
    a_patient,
    a_refusal,
    a_result,
    an_acquisition,
    an_assessment,
)

BORN = date(1951, 4, 3)
POPULATION = "mesa-chinese-american"


def a_ct(day, vbmd, half_width=5.0, *, serial="SN-1", calibrated=True, build=an_assessment, **facts):
    """A CT of the simulated patient; on a calibrated scanner unless said otherwise."""
    acquisition = an_acquisition(
        study_uid=f"1.2.{day:%Y%m%d}",
        series_uid=f"1.2.{day:%Y%m%d}.1",
        study_date=day,
        scan_age_days=30,
        device_serial_number=serial,
        patient_birth_date=BORN,
        patient_sex="female",
    )
    usual = {
        "acquisition": acquisition,
        "vbmd_mg_cm3": vbmd,
        "ci95_mg_cm3": (vbmd - half_width, vbmd + half_width),
        "calibration": a_calibration(scanner="site", source="phantom 2018") if calibrated else a_calibration(),
        "flags": () if calibrated else ("scanner-not-calibrated",),
        "category": "osteoporosis-range" if vbmd < 80 else "low",
        "population": POPULATION,
        "z_score": round((vbmd - 75) / 23, 2),
    }
    return build(**(usual | facts))


def results_of(*assessments):
    """Published one after the other, for one patient."""
    return [
        a_result(a_patient(birth_date=BORN), each, result_id=f"result-{number}", measured_at=_soon_after(each))
        for number, each in enumerate(assessments, start=1)
    ]


def _soon_after(assessment):
    day = assessment.acquisition.study_date
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def six_years():
    """2019 calibrated; 2022 another scanner, with contrast; 2025 a third one, calibrated: down by 25 mg/cm3."""
    return results_of(
        a_ct(date(2019, 5, 1), 101.0),
        a_ct(
            date(2022, 6, 1),
            95.0,
            serial="SN-2",
            build=a_contrast_assessment,
            ci95_mg_cm3=(65.0, 100.0),
            flags=("contrast-enhanced", "near-80"),
            category="indeterminate",
        ),
        a_ct(date(2025, 9, 14), 76.0, serial="SN-3", flags=("near-80",)),
    )


def with_contrast():
    """One CT with contrast."""
    return results_of(
        a_ct(
            date(2025, 9, 14),
            92.0,
            build=a_contrast_assessment,
            ci95_mg_cm3=(60.0, 98.0),
            flags=("contrast-enhanced", "near-80"),
            category="indeterminate",
            probability_osteoporosis_range=0.4,
        )
    )


def with_fracture():
    """L1 has lost a third of its height and is left out; L2 and L3 make the result."""
    fractured = a_level(
        VertebralLevel.L1,
        vbmd_mg_cm3=131.0,
        ci95_mg_cm3=(120.0, 142.0),
        used=False,
        height_loss_percent=33.0,
        flags=("height-loss-moderate",),
        reasons=(because("level-fracture", loss_percent=33.0),),
    )
    levels = (fractured, a_level(VertebralLevel.L2), a_level(VertebralLevel.L3))
    return results_of(
        a_ct(
            date(2025, 9, 14),
            72.0,
            levels=levels,
            levels_used=(VertebralLevel.L2, VertebralLevel.L3),
            height_losses=(a_height_loss(VertebralLevel.L1, 33.0),),
            reasons=(replace(fractured.reasons[0], text=f"L1: {fractured.reasons[0].text}"),),
        )
    )


def fracture_without_a_value():
    """L1 has lost almost half of its height; its neighbours are cut, so nothing could be used."""
    fractured = a_level(
        VertebralLevel.L1,
        vbmd_mg_cm3=131.0,
        ci95_mg_cm3=(120.0, 142.0),
        used=False,
        height_loss_percent=46.0,
        flags=("height-loss-severe",),
        reasons=(because("level-fracture", loss_percent=46.0),),
    )
    fracture, cut = because("level-fracture", loss_percent=46.0), because("level-cut")
    return results_of(
        a_refusal(
            replace(fracture, text=f"L1: {fracture.text}"),
            replace(cut, text=f"L2: {cut.text}"),
            acquisition=an_acquisition(study_date=date(2025, 9, 14)),
            contrast=Contrast("none"),
            levels=(fractured,),
            height_losses=(a_height_loss(VertebralLevel.L1, 46.0),),
            numbering_confidence=0.97,
        )
    )


def not_assessable():
    """Slices of 7.5 mm."""
    return results_of(
        a_refusal(acquisition=an_acquisition(study_date=date(2025, 9, 14)), contrast=Contrast("none")),
    )
