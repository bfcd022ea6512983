"""Stored results are held against the archive, a few each minute: registries and charts pull them, and ask no archive.

still held                           -> noted; asked again when its turn comes
under another patient now            -> withdrawn at once
gone, its series or the whole study  -> not shown, asked again after a day, withdrawn if it is still gone (`cds.gone`)
withdrawn as gone, and there again   -> the patient is screened again: measured anew, it is valid again
the archive cannot be asked          -> nothing changes, and nothing is noted
the patient has opted out            -> not asked, and nothing is noted

When a hook may show a result without asking (`StoredResult.confirmed_at`) is not changed: a hook also looks for
newer CT, which this does not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cds.gone import BELIEVED_GONE_AFTER, Filing
from cds.order import ImagingOrder
from cds.ports import (
    AssessmentStore,
    Clock,
    FiledResult,
    ImagingArchive,
    OptOuts,
    ResultConfirmations,
    ScreeningQueue,
)
from cds.retraction import OF_ANOTHER_PATIENT
from cds.watching import HOOK

LOOK_EVERY = timedelta(minutes=1)
MAY_COME_BACK_WITHIN = timedelta(days=90)
"""After that a study that went is not asked for any more; a hook finds it whenever it comes back."""
LONGEST_LOOK = timedelta(seconds=10)
"""Other errands wait; what is not asked about of a slow archive is asked next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfirming:
    """An errand of workers: of any number of them, one does each look."""

    archive: ImagingArchive
    confirmations: ResultConfirmations
    store: AssessmentStore
    queue: ScreeningQueue
    opt_outs: OptOuts
    clock: Clock
    every: timedelta
    """How old the last answer about a result may grow."""
    at_most: int
    """Results asked about in one look."""

    def look(self) -> None:
        """If it is time, the longest unasked first; raises `ArchiveUnavailable`, and the next look goes on there."""
        now = self.clock.now()
        if not self.confirmations.take_turn(now, LOOK_EVERY):
            return
        due = self.confirmations.due(
            asked_before=now - self.every,
            missing_before=now - BELIEVED_GONE_AFTER,
            withdrawn_after=now - MAY_COME_BACK_WITHIN,
            at_most=self.at_most,
        )
        for filed in due:
            if self.clock.now() - now > LONGEST_LOOK:
                return
            self._ask(filed, now)

    def _ask(self, filed: FiledResult, now: datetime) -> None:
        if self.opt_outs.has_opted_out(filed.patient.key):  # since it was found to be due
            return
        standing = self.archive.standing(filed.study_uid, filed.series_uid, filed.patient)
        if standing == "held":
            if filed.withdrawn:
                self.queue.submit(ImagingOrder(filed.patient, now, HOOK))
            self.confirmations.held(filed.result_id, now)
        elif standing == "another-patient":
            self._filing.withdraw(filed, OF_ANOTHER_PATIENT, now)
        else:
            self._filing.missed(filed, now)

    @property
    def _filing(self) -> Filing:
        return Filing(self.store, self.confirmations)
