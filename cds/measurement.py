"""One CT becomes one assessment: retrieve, whose is it, segment, calibrate, measure, assess."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypedDict

from cds.bone.assess import levels_to_outline, measure_volume, not_assessable
from cds.bone.assessment import Acquisition, Assessment, PassedOver, Software
from cds.bone.measured_ct import Measured
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientCheck, PatientIdentity, check_patient
from cds.ct.reason import NotAssessable, because
from cds.ct.volume import CtVolume
from cds.errors import StudyVanished
from cds.ports import Clock, HuCalibrator, ImagingArchive, Progress, VertebraSegmenter
from cds.trace import step


@dataclass(frozen=True, slots=True)
class Instruments:
    """What turns one CT into one assessment."""

    archive: ImagingArchive
    segmenter: VertebraSegmenter
    calibrator: HuCalibrator
    clock: Clock
    software: Software
    population: str | None = None
    all_levels: bool = False


def measure_first_assessable(
    instruments: Instruments,
    patient: PatientIdentity | None,
    ranked: Sequence[CtSeries],
    progress: Progress | None = None,
    left_out: Sequence[PassedOver] = (),
) -> Measured:
    """Measure series in their order until one is assessable; else the first one's reasons stand.

    The first of the patient's own, that is: images of somebody else speak only if there are no others.
    Of those refused, the voxels of that one alone are held on to. `left_out`: what the choice says of other series,
    for the record; of one that is tried, the measurement says it.
    """
    refused: list[Assessment] = []
    first: Measured | None = None
    for series in ranked:
        measured = _measure_series(instruments, patient, series, progress)
        if measured.assessment.status == "assessed":
            return _beside(measured, refused, left_out)
        refused.append(measured.assessment)
        if first is None or (_is_anothers(first.assessment) and not _is_anothers(measured.assessment)):
            first = measured
    if first is None:
        raise StudyVanished("no series to measure")
    refused.sort(key=_is_anothers)
    return _beside(first, refused[1:], left_out)


def _is_anothers(assessment: Assessment) -> bool:
    return assessment.patient_check == "mismatch"


def _beside(measured: Measured, refused: Sequence[Assessment], left_out: Sequence[PassedOver]) -> Measured:
    """The measurement with what is told of other series."""
    passed_over = tuple(
        PassedOver(each.acquisition.series_uid, each.reasons, each.acquisition.study_date) for each in refused
    )
    tried = {measured.assessment.acquisition.series_uid, *(each.series_uid for each in passed_over)}
    not_tried = tuple(each for each in left_out if each.series_uid not in tried)
    return replace(measured, assessment=replace(measured.assessment, passed_over=passed_over, not_tried=not_tried))


def _measure_series(
    instruments: Instruments, patient: PatientIdentity | None, series: CtSeries, progress: Progress | None
) -> Measured:
    """One series, front to back; timings in seconds.

    The patient is checked once more against what the retrieved images say, all of them.
    """
    begun = time.perf_counter()
    with step("retrieve"):
        volume = instruments.archive.retrieve(series, progress)
    timing_s = {"read": time.perf_counter() - begun}
    images = series if isinstance(volume, NotAssessable) else volume.series
    patient_check = _check_images(patient, images, volume)
    facts: _Facts = {
        "patient_check": patient_check,
        "today": instruments.clock.now().date(),
        "software": instruments.software,
        "timing_s": timing_s,
    }
    if isinstance(volume, NotAssessable):
        measured = Measured(not_assessable(series, volume.reasons, **facts))
    elif patient_check == "mismatch":
        measured = Measured(not_assessable(series, (because("patient-mismatch"),), **facts))
    else:
        if patient is not None:
            volume = _with_chart_facts(volume, patient)
        with step("segment"):
            spine = instruments.segmenter.segment(volume, levels_to_outline(instruments.all_levels), progress)
        timing_s["segment"] = time.perf_counter() - begun - timing_s["read"]
        with step("calibrate"):
            measured = measure_volume(
                volume,
                spine,
                instruments.calibrator,
                population=instruments.population,
                all_levels=instruments.all_levels,
                **facts,
            )
        timing_s["calibrate"] = time.perf_counter() - begun - timing_s["read"] - timing_s["segment"]
    assessment = replace(
        measured.assessment,
        acquisition=_as_imaged(measured.assessment.acquisition, images),
        timing_s=timing_s | {"total": time.perf_counter() - begun},
    )
    return replace(measured, assessment=assessment)


class _Facts(TypedDict):
    """What every assessment carries, whatever became of it."""

    patient_check: PatientCheck
    today: date
    software: Software
    timing_s: dict[str, float]


def _check_images(patient: PatientIdentity | None, images: CtSeries, volume: CtVolume | NotAssessable) -> PatientCheck:
    """Whose images these are; without a patient to compare with, as in a folder, that stays open."""
    if isinstance(volume, NotAssessable) and any(reason.code == "patient-mismatch" for reason in volume.reasons):
        return "mismatch"
    return "unverified" if patient is None else check_patient(patient, images.patient)


def _as_imaged(acquisition: Acquisition, images: CtSeries) -> Acquisition:
    """What the images themselves say of the patient, without the chart."""
    return replace(acquisition, patient_birth_date=images.patient.birth_date, patient_sex=images.patient.sex)


def _with_chart_facts(volume: CtVolume, patient: PatientIdentity) -> CtVolume:
    """The chart's birth date and sex where the images have none: the age decides whether there is a category."""
    found = volume.series.patient
    known = replace(found, birth_date=found.birth_date or patient.birth_date, sex=found.sex or patient.sex)
    return replace(volume, series=replace(volume.series, patient=known))
