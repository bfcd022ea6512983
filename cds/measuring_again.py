"""A CT that was measured before, measured once more for its voxels: pictures and outlines are not kept for ever."""

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
    return measured if measured.ct is not None and _reads_the_same(measured.assessment, result.measured) else None


def _series_of(instruments: Instruments, result: StoredResult) -> CtSeries | None:
    wanted = result.assessment.acquisition.series_uid
    found = instruments.archive.find_series(result.patient)
    if any(check_patient(result.patient, each.patient) == "mismatch" for each in found):
        return None
    return next((each for each in found if each.series_uid == wanted), None)


def _reads_the_same(now: Assessment, then: Assessment) -> bool:
    """The same levels, and the same value as far as records tell."""
    if now.vbmd_mg_cm3 is None or then.vbmd_mg_cm3 is None or now.levels_used != then.levels_used:
        return False
    return abs(now.vbmd_mg_cm3 - then.vbmd_mg_cm3) <= _SAME_WITHIN_MG_CM3
