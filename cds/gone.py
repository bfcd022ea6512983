"""What becomes of a result whose study the archive does not have, whoever noticed: an order, or a round of workers.

first noticed           -> no hook shows it any more; charts and registries keep it: studies that are corrected, moved
                           or indexed anew are away for a while
still gone a day later  -> withdrawn, entered in error for charts and registries
there again             -> as before
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from cds.ports import AssessmentStore, AuditRow, FiledResult, ResultConfirmations
from cds.retraction import NO_LONGER_THERE

BELIEVED_GONE_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Filing:
    """Stored results, and what the archive says of them."""

    store: AssessmentStore
    confirmations: ResultConfirmations

    def missed(self, filed: FiledResult, now: datetime) -> None:
        """The archive does not have it."""
        if filed.missing_since is not None and now - filed.missing_since >= BELIEVED_GONE_AFTER:
            self.withdraw(filed, NO_LONGER_THERE, now)
        else:
            structlog.get_logger().warning("study-missing", result=filed.result_id)
            self.confirmations.missed(filed.result_id, now)

    def withdraw(self, filed: FiledResult, why: str, now: datetime) -> None:
        """What is withdrawn already stays so, with its first reason."""
        note = AuditRow("result-withdrawn", filed.patient.key, why, filed.result_id)
        self.store.withdraw(filed.result_id, why, note)
        self.confirmations.held(filed.result_id, now)
