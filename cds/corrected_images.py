"""Copies in the imaging archive follow a reader's correction: what lies there is rejected, and stored as corrected.

The outlines are measured once more, for they are not kept; where that cannot be done, or the site stores no results
any more, the copies before the correction are rejected all the same: a value that a reader found wrong must not stay.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from cds.bone.regions import regions_of
from cds.correction import Correction
from cds.errors import StudyVanished
from cds.measurement import Instruments
from cds.measuring_again import measured_again
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Corrections,
    ImageResults,
    OptOuts,
    Rejection,
    ResultRefused,
    StoredResult,
)


@dataclass(frozen=True, slots=True)
class CorrectedImages:
    """Run regularly by every worker."""

    corrections: Corrections
    results: AssessmentStore
    archive: ImageResults
    instruments: Instruments
    audit: AuditLog
    opt_outs: OptOuts
    may_store: Callable[[], bool]
    """Whether results go into the archive at all now: in shadow none does."""

    def deliver(self) -> None:
        """One correction that the archive does not know of; raises `ArchiveUnavailable`, and begins anew next time."""
        for result_id in self.corrections.untold()[:1]:
            result = self.results.read(result_id)
            if result is None or result.correction is None:  # taken back just now: then the archive is told of that
                return
            self.audit.record("image-results", result.patient.key, self._told(result, result.correction), result_id)
            self.corrections.told(result_id, result.correction.number)

    def _told(self, result: StoredResult, correction: Correction) -> str:
        why: Rejection = "patient-safety" if correction.change.renamed else "quality"
        try:
            rejected = self.archive.reject(_before(result, correction), why)
            stored = self._stored(result)
        except StudyVanished:
            return "corrected: images gone"
        except ResultRefused:
            return "corrected: refused by the archive, reject it there by hand"
        return f"corrected: {'old copies rejected' if rejected else 'no old copies'}, {stored}"

    def _stored(self, result: StoredResult) -> str:
        if not self.may_store() or self.opt_outs.has_opted_out(result.patient.key):
            return "nothing stored"
        measured = measured_again(self.instruments, result)
        if measured is None or measured.ct is None or not measured.ct.volume.sop_instance_uids:
            return "not measured again"
        self.archive.store(result, regions_of(measured.ct))
        return "new ones stored"


def _before(result: StoredResult, correction: Correction) -> StoredResult:
    """As it lies in the archive: with any earlier correction, without this one."""
    return replace(result, correction=replace(correction, number=correction.number - 1))
