"""Pictures for reports: drawn when a CT is measured, drawn again when they were purged and somebody looks.

keep    while the voxels are in memory, the pictures are drawn and stored
redraw  what a page asked for is measured once more, and drawn if it reads as the result says
purge   pictures older than the site keeps them go; results stay
"""

from dataclasses import dataclass
from datetime import timedelta

from cds.bone.measured_ct import Measured
from cds.measurement import Instruments
from cds.measuring_again import measured_again
from cds.ports import AssessmentStore, AuditLog, OptOuts, PictureStore, ReportIllustrator, StoredResult


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
        """Draw a CT whose vertebrae are told of, whether there is a value or not."""
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
        measured = measured_again(self.instruments, result)
        if measured is None:
            return False
        self.keep(result.result_id, measured)
        return True


_FOR_EVER = timedelta(days=36500)
