"""Pictures for reports: drawn when a CT is measured, drawn again when they were purged and somebody looks.

keep    while the voxels are in memory, the pictures are drawn and stored
redraw  what a page asked for is measured once more, and drawn if it reads as the result says
purge   pictures older than the site keeps them go; results stay
"""

from dataclasses import dataclass
from datetime import timedelta

from cds.bone.assessment import Assessment
from cds.bone.measured_ct import Measured
from cds.ct.acquisition import CtSeries
from cds.ct.patient import check_patient
from cds.errors import StudyVanished
from cds.measurement import Instruments, measure_first_assessable
from cds.ports import AssessmentStore, AuditLog, OptOuts, PictureStore, ReportIllustrator, StoredResult

_SAME_WITHIN_MG_CM3 = 0.1
"""Records are rounded to this."""


@dataclass(frozen=True, slots=True)
class Illustrating:
    """Draws for one worker; implements `VoxelKeeper`."""

    illustrator: ReportIllustrator
    pictures: PictureStore
    results: AssessmentStore
    instruments: Instruments
    audit: AuditLog
    opt_outs: OptOuts
    keep_for: timedelta | None
    """None: for ever."""

    def keep(self, result_id: str, measured: Measured) -> None:
        """Draw an assessed CT."""
        if measured.ct is not None:
            self.pictures.put(result_id, self.illustrator.draw(measured.ct, measured.assessment.levels_used))

    def redraw(self) -> None:
        """One of those that were asked for: measuring takes seconds, and other errands wait.

        withdrawn, or the patient has opted out   -> given up
        the series is gone, or another patient's  -> given up
        it reads otherwise than the result says   -> given up: pictures must show what was measured
        """
        for result_id in self.pictures.wishes()[:1]:
            result = self.results.read(result_id)
            if result is None or self.opt_outs.has_opted_out(result.patient.key) or not self._redrawn(result):
                self.pictures.give_up(result_id)
                patient = None if result is None else result.patient.key
                self.audit.record("pictures", patient, "not-drawn-again", result_id)
            else:
                self.audit.record("pictures", result.patient.key, "drawn-again", result_id)

    def purge(self) -> None:
        """Run regularly by every worker."""
        now = self.instruments.clock.now()
        self.pictures.purge_before(now - (self.keep_for or _FOR_EVER))

    def _redrawn(self, result: StoredResult) -> bool:
        series = self._series_of(result)
        if series is None:
            return False
        try:
            measured = measure_first_assessable(self.instruments, result.patient, [series])
        except StudyVanished:
            return False
        if measured.ct is None or not _reads_the_same(measured.assessment, result.measured):
            return False
        self.keep(result.result_id, measured)
        return True

    def _series_of(self, result: StoredResult) -> CtSeries | None:
        wanted = result.assessment.acquisition.series_uid
        found = self.instruments.archive.find_series(result.patient)
        if any(check_patient(result.patient, each.patient) == "mismatch" for each in found):
            return None
        return next((each for each in found if each.series_uid == wanted), None)


_FOR_EVER = timedelta(days=36500)


def _reads_the_same(now: Assessment, then: Assessment) -> bool:
    """The same levels, and the same value as far as records tell."""
    if now.vbmd_mg_cm3 is None or then.vbmd_mg_cm3 is None or now.levels_used != then.levels_used:
        return False
    return abs(now.vbmd_mg_cm3 - then.vbmd_mg_cm3) <= _SAME_WITHIN_MG_CM3
