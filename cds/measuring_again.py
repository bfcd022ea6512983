"""A CT that was measured before, measured once more for its voxels: pictures and outlines are not kept for ever."""

from collections.abc import Mapping

from cds.bone.assessment import Assessment
from cds.bone.measured_ct import Measured
from cds.ct.acquisition import CtSeries
from cds.ct.patient import check_patient
from cds.errors import SeriesUnusable, StudyVanished
from cds.measurement import Instruments, measure_first_assessable
from cds.ports import StoredResult

_SAME_WITHIN_MG_CM3 = 0.1
"""Records are rounded to this."""


def measured_again(instruments: Instruments, result: StoredResult) -> Measured | None:
    """None where the series is gone, unusable or another patient's now, or reads otherwise than it did then."""
    series = _series_of(instruments, result)
    if series is None:
        return None
    try:
        measured = measure_first_assessable(instruments, result.patient, [series])
    except (StudyVanished, SeriesUnusable):
        return None
    return measured if measured.ct is not None and reads_the_same(measured.assessment, result.measured) else None


def _series_of(instruments: Instruments, result: StoredResult) -> CtSeries | None:
    wanted = result.assessment.acquisition.series_uid
    found = instruments.archive.find_series(result.patient)
    if any(check_patient(result.patient, each.patient) == "mismatch" for each in found):
        return None
    return next((each for each in found if each.series_uid == wanted), None)


def reads_the_same(now: Assessment, then: Assessment) -> bool:
    """The same levels, and the same value as far as records tell; without one, the same of each vertebra."""
    if (now.status, now.levels_used) != (then.status, then.levels_used):
        return False
    found, told = _densities_mg_cm3(now), _densities_mg_cm3(then)
    if found.keys() != told.keys() or (then.vbmd_mg_cm3 is None and _without_value(now) != _without_value(then)):
        return False
    return all(abs(found[name] - told[name]) <= _SAME_WITHIN_MG_CM3 for name in told)


def _densities_mg_cm3(assessment: Assessment) -> Mapping[str, float]:
    """Of the patient, else of each vertebra."""
    if assessment.vbmd_mg_cm3 is not None:
        return {"patient": assessment.vbmd_mg_cm3}
    return {each.level.value: each.vbmd_mg_cm3 for each in assessment.levels}


def _without_value(assessment: Assessment) -> tuple[object, ...]:
    """What a CT without a value tells besides densities."""
    return [reason.code for reason in assessment.reasons], [each.level for each in assessment.height_losses]
