"""A named reader corrects a result: levels left out or renamed, and the value computed anew from what was stored.

corrected    the record and its rendering change; what the software measured is kept, and so is every correction
impossible   nothing changes; the result can be rejected or retracted
the same     said again by the same reader: nothing changes
"""

from dataclasses import dataclass, replace

from cds.bone.corrected_column import Change
from cds.bone.correction import Uncorrectable, corrected
from cds.bone.record import from_record, to_record
from cds.correction import Correction, CorrectionImpossible
from cds.errors import ResultUnknown, ReviewOvertaken
from cds.ports import AssessmentStore, AuditLog, Clock, Corrections, ResultPublisher, Review, StoredResult
from cds.reader import Reader


@dataclass(frozen=True, slots=True)
class Correcting:
    """Whoever corrects, on the page or on the command line, comes through here."""

    store: AssessmentStore
    corrections: Corrections
    publisher: ResultPublisher
    audit: AuditLog
    clock: Clock

    def correct(self, result_id: str, reader: Reader, change: Change, reason: str) -> StoredResult:
        """The result as it stands afterwards.

        Raises `ResultUnknown`, `CorrectionImpossible` and `ReviewOvertaken`.
        """
        result = self.store.read(result_id)
        if result is None:
            raise ResultUnknown(f"there is no result {result_id}, or it was withdrawn")
        if _is_said_again(result, reader.identity, change):
            return result
        told = corrected(result.measured, change)
        if isinstance(told, Uncorrectable):
            raise CorrectionImpossible(told.code)
        now, number = self.clock.now(), 1 if result.review is None else result.review.number + 1
        who, name = reader.identity, reader.name
        correction = Correction(change, who, reason, now, number, result.measured, result.generation, name)
        review = Review(who, "corrected", now, number, reason, reader_name=name)
        as_kept = from_record(to_record(told))
        read = replace(result, assessment=as_kept, review=review, correction=correction)
        if not self.corrections.keep(read, self.publisher.render(read)):
            raise ReviewOvertaken(f"result {result_id} was reviewed or withdrawn at the same moment: look at it again")
        self.audit.record(
            "result-corrected", result.patient.key, "corrected", f"{result_id}: {correction.what}", caller=who
        )
        return read


def _is_said_again(result: StoredResult, reader: str, change: Change) -> bool:
    """As when a form is sent twice; what somebody else has decided since is not undone by it."""
    before = result.correction
    return (
        before is not None
        and result.review is not None
        and ((before.reader, before.change, before.number) == (reader, change, result.review.number))
    )
