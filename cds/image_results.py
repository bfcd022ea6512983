"""Results go back to the imaging archive as a segmentation and a report, beside the images.

keep      while the voxels are in memory, the regions of an assessed CT are kept
deliver   once its result is published, they are stored in the archive, as often as it takes
reject    a result that is taken back is rejected in the archive too

Nothing here delays a card: `deliver` runs beside the queue, and an archive that takes no results
costs nothing but the results in it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cds.bone.measured_ct import Measured
from cds.bone.regions import MeasuredRegions, regions_of
from cds.errors import StudyVanished
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Clock,
    ImageResults,
    OptOuts,
    RegionStore,
    Rejection,
    ResultRefused,
    StoredResult,
)

GIVE_UP_AFTER = timedelta(days=30)
"""An archive that was away this long has been replaced, or is not to be written to."""
UNPUBLISHED_AFTER = timedelta(days=1)
"""Measured so long ago and not published: it never will be, or it was withdrawn."""


@dataclass(frozen=True, slots=True)
class ResultDelivery:
    """Brings results to the archive; implements `VoxelKeeper`."""

    regions: RegionStore
    results: AssessmentStore
    archive: ImageResults
    audit: AuditLog
    opt_outs: OptOuts
    clock: Clock
    is_live: Callable[[], bool]
    """Whether results may leave this service now: in shadow none does."""

    def keep(self, result_id: str, measured: Measured) -> None:
        """Keep the regions of an assessed CT whose images can be referred to."""
        assessed = measured.assessment.status == "assessed"
        if assessed and measured.ct is not None and measured.ct.volume.sop_instance_uids and self.is_live():
            self.regions.put(result_id, regions_of(measured.ct).to_bytes())

    def deliver(self) -> None:
        """Store whatever waits, the oldest first; raises `ArchiveUnavailable`, and goes on there next time.

        not published yet                 -> waits; after a day it is forgotten
        published                         -> stored, audited, forgotten
        refused, or the images are gone   -> audited, forgotten
        the patient has opted out         -> audited, forgotten
        waiting for thirty days           -> audited, forgotten
        """
        if not self.is_live():
            return
        for result_id, since in self.regions.waiting():
            result = self.results.read(result_id)
            waited = self.clock.now() - since
            if result is not None:
                if waited > GIVE_UP_AFTER:
                    self._settle(result, "given up")
                elif self.opt_outs.has_opted_out(result.patient.key):
                    self._settle(result, "opted-out")
                else:
                    self._store(result)
            elif waited > UNPUBLISHED_AFTER:
                self.regions.forget(result_id)

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Take a result back in the archive; True if it was there."""
        self.regions.forget(result.result_id)
        rejected = self.archive.reject(result, why)
        if rejected:
            self.audit.record("image-results", result.patient.key, "rejected", f"{result.result_id} {why}")
        return rejected

    def _store(self, result: StoredResult) -> None:
        kept = self.regions.read(result.result_id)
        if kept is None:  # another worker was faster
            return
        try:
            self.archive.store(result, MeasuredRegions.from_bytes(kept))
        except ResultRefused as refused:
            self._settle(result, "refused", str(refused))
        except StudyVanished:
            self._settle(result, "images gone")
        else:
            self._settle(result, "stored")
            if self.results.read(result.result_id) is None:  # taken back while it was being stored
                self.reject(result, "patient-safety")

    def _settle(self, result: StoredResult, outcome: str, why: str = "") -> None:
        self.regions.forget(result.result_id)
        self.audit.record("image-results", result.patient.key, outcome, f"{result.result_id} {why}".strip())
