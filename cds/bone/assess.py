"""One CT and its spine become one assessment.

    gates      attributes, voxels, numbering: refuse the series, or go on with flags
    contrast   from the aorta and the tag
    tissues    read once beside the spine: they correct offset and beam
    levels     T12 to L3 measured; T11 to T7 only where none of those can be used
    outliers   fractured and deviating levels are named and left out
    heights    possible fractures, also of levels without a density
    tissues    again: whether they read what they should
    patient    the rule of levels, the category, the probability, the Z-score

"Not assessable" is a result with reasons; so is every level that could not be used.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import Acquisition, Assessment, HeightLoss, Premises, Software
from cds.bone.contrast import DENSE_BLOOD_HU, contrast_flags, contrast_of
from cds.bone.contrast_phase import phase_flags
from cds.bone.level_conversion import CONVERSIONS, LevelChoice, choose_levels
from cds.bone.measured_ct import Measured, MeasuredCt
from cds.bone.numbering import disputed_names, is_ambiguous, refuse_numbering
from cds.bone.orientation import orientation_flags, refuse_orientation
from cds.bone.patient_calibration import PatientCalibrator, TissueCalibrator
from cds.bone.quality import check_series, check_volume
from cds.bone.survey import Survey, survey_levels
from cds.bone.tissue_blood import noise_around_aorta
from cds.bone.tissue_gates import check_tissues
from cds.bone.tissues import Tissues, sample_tissues
from cds.bone.valuation import ChosenLevels, unique, with_value
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientCheck
from cds.ct.reason import Reason, because
from cds.ct.volume import CtVolume


def levels_to_outline(all_levels: bool) -> Collection[VertebralLevel]:
    """Which bodies to ask of the segmenter: T7 to L3, or every one.

    It outlines the whole column anyway; which of the outlined bodies are measured, the survey decides.
    """
    return tuple(level for level in VertebralLevel if all_levels or level in CONVERSIONS)


def not_assessable(  # noqa: PLR0913 (keywords: the contract with screening)
    series: CtSeries,
    reasons: Sequence[Reason],
    *,
    patient_check: PatientCheck,
    today: date,
    software: Software,
    timing_s: Mapping[str, float],
) -> Assessment:
    """A CT that cannot be measured, and why; raises ValueError without a reason."""
    return Assessment(
        status="not-assessable",
        reasons=tuple(reasons),
        flags=("identity-unverified",) if patient_check == "unverified" else (),
        acquisition=_acquisition(series, today),
        patient_check=patient_check,
        timing_s=dict(timing_s),
        software=software,
    )


def measure_volume(  # noqa: PLR0913 (keywords: the contract with screening)
    volume: CtVolume,
    spine: Spine,
    calibrator: TissueCalibrator,
    *,
    patient_check: PatientCheck,
    today: date,
    software: Software,
    timing_s: Mapping[str, float],
    population: str | None = None,
    all_levels: bool = False,
) -> Measured:
    """Measure one CT. `population`: the norm that the site named; `all_levels`: not only those needed."""

    def refused(reasons: Sequence[Reason]) -> Assessment:
        return not_assessable(
            volume.series, reasons, patient_check=patient_check, today=today, software=software, timing_s=timing_s
        )

    reasons, gate_flags = _gates(volume, spine, patient_check)
    if reasons:
        return Measured(replace(refused(reasons), numbering_confidence=spine.numbering_confidence))
    tissues = sample_tissues(volume, spine)
    contrast = contrast_of(volume.series, tissues.blood, _noise_of_blood(volume, spine, tissues))
    dense_blood = spine.aorta if tissues.blood is not None and tissues.blood.hu > DENSE_BLOOD_HU else None
    patient_calibrator = PatientCalibrator(calibrator, tissues.fit_to_calibrate(contrast.state))
    survey = survey_levels(volume, spine, patient_calibrator, keep_out=dense_blood, all_levels=all_levels)
    if survey.turned:
        return Measured(replace(refused(survey.turned), numbering_confidence=spine.numbering_confidence))
    choice = choose_levels(survey.usable)
    used = () if choice is None else choice.levels
    phase = phase_flags(contrast, volume.series.kvp)
    tissue_reasons, tissue_flags = _check_tissues(volume.series, survey, used)
    without_value = replace(
        refused(tissue_reasons or survey.reasons or (because("no-vertebra-found"),)),
        height_losses=_surely_named(survey.height_losses, spine, used),
        numbering_confidence=spine.numbering_confidence,
        contrast=contrast,
    )

    def seen(assessment: Assessment) -> Measured:
        ct = MeasuredCt(volume, spine, survey.rois) if assessment.names_vertebrae else None
        return Measured(assessment, ct)

    if tissue_reasons:
        return seen(without_value)
    ambiguous = is_ambiguous(spine, used)
    scan_flags = unique((*contrast_flags(contrast), *phase, *without_value.flags, *gate_flags, *tissue_flags))
    surveyed = replace(without_value, levels=survey.reports(choice, contrast.state))
    if choice is None:
        return seen(replace(surveyed, flags=(*(("level-ambiguous",) if ambiguous else ()), *scan_flags)))
    premises = Premises(
        age_years=volume.series.age_at_scan(),
        sex=volume.series.patient.sex,
        population=population,
        scan_flags=scan_flags,
        disputed_names=disputed_names(spine),
    )
    return seen(with_value(surveyed, _chosen(choice, survey, ambiguous=ambiguous), premises))


def _chosen(choice: LevelChoice, survey: Survey, *, ambiguous: bool) -> ChosenLevels:
    return ChosenLevels(
        choice,
        survey.densities,
        survey.measured[choice.levels[0]].calibration,
        survey.flags(choice),
        survey.reasons,
        ambiguous,
    )


def _noise_of_blood(volume: CtVolume, spine: Spine, tissues: Tissues) -> float | None:
    """What scatter of the blood is to be held against; None without blood."""
    return noise_around_aorta(volume, spine.aorta) if tissues.blood is not None and spine.aorta is not None else None


def _check_tissues(
    series: CtSeries, survey: Survey, used: Collection[VertebralLevel]
) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """Judged at the levels that make the result, else at all that were measured."""
    levels = [survey.measured[level] for level in used or survey.measured]
    if not levels:
        return (), ()
    mean_hu = sum(level.roi.hu for level in levels) / len(levels)
    return check_tissues(series, levels[0].calibration, mean_hu)


def _gates(volume: CtVolume, spine: Spine, patient_check: PatientCheck) -> tuple[tuple[Reason, ...], tuple[str, ...]]:
    """What refuses the whole CT, each code once, and the flags of what does not."""
    if patient_check == "mismatch":
        return (because("patient-mismatch"),), ()
    by_attributes, attribute_flags = check_series(volume.series)
    by_voxels, voxel_flags = check_volume(volume)
    refused = {reason.code: reason for reason in (*by_attributes, *by_voxels)}
    if not refused:
        refused = {reason.code: reason for reason in _refuse_spine(spine)}
    return tuple(refused.values()), (*attribute_flags, *voxel_flags, *orientation_flags(spine))


def _refuse_spine(spine: Spine) -> tuple[Reason, ...]:
    """What is told only of a CT that could be measured otherwise: lying wrongly, no spine, no names."""
    turned = refuse_orientation(spine)
    if turned:
        return turned
    found = refuse_numbering(spine) if spine.bodies else because("no-vertebra-found")
    return () if found is None else (found,)


def _surely_named(
    losses: Sequence[HeightLoss], spine: Spine, used: Collection[VertebralLevel]
) -> tuple[HeightLoss, ...]:
    """A possible fracture is told only where its level, and those of the result, are named with confidence."""
    return tuple(loss for loss in losses if not is_ambiguous(spine, (*used, loss.level)))


def _acquisition(series: CtSeries, today: date) -> Acquisition:
    return Acquisition(
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        patient_id=series.patient.patient_id,
        study_date=series.study_date,
        scan_age_days=(today - series.study_date).days if series.study_date is not None else None,
        kvp=series.kvp,
        kernel=series.kernel,
        slice_thickness_mm=series.slice_thickness_mm,
        manufacturer=series.manufacturer,
        model=series.model,
        station_name=series.station_name,
        device_serial_number=series.device_serial_number,
    )
